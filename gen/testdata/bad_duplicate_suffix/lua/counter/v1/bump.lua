---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@key a counter companion `:x`
---@key b counter companion `:x`
---@arg by integer 1..9 = 1
---@reply TOTAL total:integer
---@error BADARG by is out of its range

---@arguments
return {'TOTAL', redis.call('INCRBY', total, by)}
