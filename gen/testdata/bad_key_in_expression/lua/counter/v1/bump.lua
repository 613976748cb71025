---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer

local total = 'x' .. KEYS[1]
return {'TOTAL', redis.call('INCRBY', total, 1)}
