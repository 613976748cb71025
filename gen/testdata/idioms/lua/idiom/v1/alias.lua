---@script idiom.alias
---@version 1
---The usual alias.
---@key data hash `{name}`
---@readonly
---@return map
---@example "k" => []

local rcall = redis.call
return rcall('HGETALL', KEYS[1])
