---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer

local total = KEYS[1];;
do ; end
local function f(a) ; return a; end
if total then ; end
local t = {1; 2;}
; f(t);
return {'TOTAL', redis.call('INCR', total)};
