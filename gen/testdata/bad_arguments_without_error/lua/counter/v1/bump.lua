---@script counter.bump
---@version 1
---Adds to a counter.
---@key total counter `{name}`
---@arg by integer 1..9
---@reply BUMPED total:integer

---@arguments
return {'BUMPED', redis.call('INCRBY', total, by)}
