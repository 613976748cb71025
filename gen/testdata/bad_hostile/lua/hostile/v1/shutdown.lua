---@script hostile.shutdown
---@version 1
---The end of the server.
---@key data string `{name}`
---@return integer

redis.call('SHUTDOWN', 'NOSAVE')
return redis.call('EXISTS', KEYS[1])
