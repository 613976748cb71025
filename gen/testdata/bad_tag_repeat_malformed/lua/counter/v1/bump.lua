---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@repeat never
---@readonly really
---@reply TOTAL total:integer

local total = KEYS[1]
return {'TOTAL', redis.call('INCR', total)}
