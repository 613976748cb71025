---@script hostile.redis_write
---@version 1
---redis that is changed for everybody.
---@key data string `{name}`
---@return integer

redis.call = nil
return redis.call('EXISTS', KEYS[1])
