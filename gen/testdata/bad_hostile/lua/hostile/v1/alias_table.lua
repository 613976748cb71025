---@script hostile.alias_table
---@version 1
---redis.call in a table.
---@key data string `{name}`
---@return integer

local t = {f = redis.call}
t.f('FLUSHALL')
return redis.call('EXISTS', KEYS[1])
