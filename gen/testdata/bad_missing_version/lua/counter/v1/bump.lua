---@script counter.bump
---Counts.
---@key total counter `{name}`
---@arg by integer 1..9 = 1
---@reply TOTAL total:integer
---@error BADARG by is out of its range

---@arguments
return {'TOTAL', redis.call('INCRBY', total, by)}
