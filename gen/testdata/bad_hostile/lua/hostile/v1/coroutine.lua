---@script hostile.coroutine
---@version 1
---A coroutine that yields to nobody.
---@key data string `{name}`
---@return integer

coroutine.yield()
return redis.call('EXISTS', KEYS[1])
