---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer

local total = KEYS[1]
local t = {1,, 2}
local u = {1; ; 2}
local v = {1, ; 2}
local w = {1, 2, 'x', {}, y = 3;}
return {'TOTAL', redis.call('INCR', total)}
