---@script hostile.lowercase
---@version 1
---A refused command in small letters.
---@key data string `{name}`
---@return integer

redis.call('flushdb')
return redis.call('EXISTS', KEYS[1])
