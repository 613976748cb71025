---@script hostile.alias_computed
---@version 1
---A command hidden in a local.
---@key data string `{name}`
---@return integer

local c = 'FLUSH' .. 'ALL'
redis.call(c)
return redis.call('EXISTS', KEYS[1])
