---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer

local total = KEYS[1]
local t = {'\x41', "\z ", '\u{41}', '\300', '\q', '\a\b\f\n\r\t\v\\\"\'\065\9'}
return {'TOTAL', redis.call('INCR', total)}
