---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@return integer

redis.call('HGETEX', KEYS[1], 'FIELDS', 1, 'f')
return redis.call('INCR', KEYS[1])
