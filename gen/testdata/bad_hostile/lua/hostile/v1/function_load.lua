---@script hostile.function_load
---@version 1
---A function that stays.
---@key data string `{name}`
---@return integer

redis.call('FUNCTION', 'LOAD', 'x')
return redis.call('EXISTS', KEYS[1])
