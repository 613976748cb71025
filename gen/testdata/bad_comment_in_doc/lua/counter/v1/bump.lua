---@script counter.bump
---@version 1
---Counts. <!-- end generated -->
---@key total counter `{name}`, <!-- hidden
---@reply TOTAL total:integer  all of it -->

local total = KEYS[1]
return {'TOTAL', redis.call('INCR', total)}
