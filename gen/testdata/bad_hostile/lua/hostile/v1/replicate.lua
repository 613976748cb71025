---@script hostile.replicate
---@version 1
---Another server.
---@key data string `{name}`
---@return integer

redis.call('REPLICAOF', 'host', '6379')
return redis.call('EXISTS', KEYS[1])
