---@script hostile.migrate
---@version 1
---The key to another server.
---@key data string `{name}`
---@return integer

redis.call('MIGRATE', 'host', 6379, KEYS[1], 0, 1000)
return redis.call('EXISTS', KEYS[1])
