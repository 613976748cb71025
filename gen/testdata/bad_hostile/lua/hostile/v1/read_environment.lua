---@script hostile.read_environment
---@version 1
---The environment, read.
---@key data string `{name}`
---@return integer

local e = getfenv(0)
e.redis.call('FLUSHALL')
return redis.call('EXISTS', KEYS[1])
