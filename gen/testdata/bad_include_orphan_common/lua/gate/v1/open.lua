---@script gate.open
---@version 1
---A fragment for all primitives is an orphan when no script of any includes it.
---@key line set `{name}`, who waits
---@return integer, how many

local line = KEYS[1]
return redis.call('SCARD', line)
