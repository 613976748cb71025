---@script hostile.environment
---@version 1
---Another environment.
---@key data string `{name}`
---@return integer

setfenv(1, {})
return redis.call('EXISTS', KEYS[1])
