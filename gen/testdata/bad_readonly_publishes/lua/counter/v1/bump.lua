---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@readonly
---@publish x
---@reply TOTAL total:integer

local total = KEYS[1]
return {'TOTAL', redis.call('PUBLISH', 'x', 'y')}
