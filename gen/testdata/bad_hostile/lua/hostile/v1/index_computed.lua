---@script hostile.index_computed
---@version 1
---redis by a computed name.
---@key data string `{name}`
---@return integer

redis['ca' .. 'll']('FLUSHALL')
return redis.call('EXISTS', KEYS[1])
