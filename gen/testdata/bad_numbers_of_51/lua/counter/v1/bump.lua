---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer

local total = KEYS[1]
local t = {010, 00.5, 0xff, 1e5, .5, 3., 0}
return {'TOTAL', redis.call('INCR', total)}
