---@script counter.bump
---@version 1
---Counts.
---@key events stream `{name}`
---@return integer

redis.call('XREAD', 'BLOCK', 0, 'STREAMS', KEYS[1], '0')
redis.call('BLPOP', KEYS[1], 0)
return 1
