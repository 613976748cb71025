---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer

local total = KEYS[1]
local f = tostring
(f)('x')
return {'TOTAL', redis.call('INCR', total)}
