---@script hostile.sort_store
---@version 1
---Keys that SORT takes by pattern.
---@key data list `{name}`
---@return integer

return #redis.call('SORT', KEYS[1], 'BY', 'w_*')
