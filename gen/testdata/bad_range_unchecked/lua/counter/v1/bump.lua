---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@arg by integer 1..9
---@reply TOTAL total:integer

local total = KEYS[1]
local by = ARGV[1]
return {'TOTAL', redis.call('INCRBY', total, by)}
