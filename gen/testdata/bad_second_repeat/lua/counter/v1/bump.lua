---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@repeat unsafe
---@repeat safe
---@reply TOTAL total:integer

local total = KEYS[1]
return {'TOTAL', redis.call('INCR', total)}
