---@script hostile.nested_eval
---@version 1
---A script in a script.
---@key data string `{name}`
---@return integer

redis.call('EVAL', 'return 1', 0)
return redis.call('EXISTS', KEYS[1])
