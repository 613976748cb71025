---@script hostile.alias_pcall
---@version 1
---redis.call through pcall.
---@key data string `{name}`
---@return integer

pcall(redis.call, 'FLUSHALL')
return redis.call('EXISTS', KEYS[1])
