---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer

local total = KEYS[1]
local t = [[ a [[ b ]]
local u = [=[ a [[ b ]=]
return {'TOTAL', redis.call('INCR', total)}
