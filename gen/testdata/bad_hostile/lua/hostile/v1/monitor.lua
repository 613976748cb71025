---@script hostile.monitor
---@version 1
---What others do.
---@key data string `{name}`
---@return integer

redis.call('MONITOR')
return redis.call('EXISTS', KEYS[1])
