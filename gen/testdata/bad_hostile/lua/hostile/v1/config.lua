---@script hostile.config
---@version 1
---The configuration of the server.
---@key data string `{name}`
---@return integer

redis.call('CONFIG', 'SET', 'maxmemory', '1')
return redis.call('EXISTS', KEYS[1])
