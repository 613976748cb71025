---@script idiom.alias
---@version 1
---The usual alias.
---@key data hash `{name}`
---@readonly
---@return map

local rcall = redis.call
return rcall('HGETALL', KEYS[1])
