---@script hostile.keys_aliased
---@version 1
---KEYS under another name.
---@key data string `{name}`
---@return integer

local k = KEYS
k[1] = 'other'
return redis.call('EXISTS', k[1])
