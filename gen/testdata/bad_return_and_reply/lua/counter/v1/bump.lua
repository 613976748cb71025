---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@return integer
---@reply TOTAL n:integer

return redis.call('INCR', KEYS[1])
