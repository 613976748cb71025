---@script counter.bump
---@version 1
---Adds to a counter.
---@key total counter `{name}`
---@arg end integer 1..9
---@arg string string 1..9 bytes
---@arg next integer 1..9
---@reply BUMPED total:integer
---@error BADARG an argument is wrong

---@arguments
return {'BUMPED', redis.call('INCRBY', total, next)}
