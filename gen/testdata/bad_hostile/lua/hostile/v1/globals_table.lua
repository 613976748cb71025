---@script hostile.globals_table
---@version 1
---redis found in _G.
---@key data string `{name}`
---@return integer

_G.redis.call('FLUSHALL')
return redis.call('EXISTS', KEYS[1])
