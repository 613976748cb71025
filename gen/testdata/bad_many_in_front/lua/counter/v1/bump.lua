---@script counter.bump
---@version 1
---Counts.
---@key some... counter `{name}`
---@key total counter `{other}`
---@arg n... integer 1..9
---@arg m integer 1..9
---@error BADARG wrong
---@return integer

---@arguments
return redis.call('INCR', KEYS[2])
