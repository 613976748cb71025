---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@arg by integer 1..9 = 1
---@reply TOTAL total:integer
---@error BADARG by is out of its range

---@arguments
local calls = {redis.call}
return {'TOTAL', redis.call('INCRBY', total, by)}
