---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@return integer

redis.call('KEYS', '*')
redis.call('SORT', KEYS[1])
redis.call('RANDOMKEY')
redis.call('CONFIG', 'SET', 'dir', '/')
redis.call('EVAL', 'return 1', 0)
return redis.call('INCR', KEYS[1])
