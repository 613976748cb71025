---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@key names hash companion `:names`
---@key order zset companion `:order`
---@reply TOTAL total:integer

local total, names, order = KEYS[1], KEYS[2], KEYS[3]
redis.call('SET', total)
redis.call('GET', total, 'x')
redis.call('HSET', names, 'a')
redis.call('HSET', names, unpack({'a', 'b'}))
redis.call('TIME', 1)
redis.call('ZADD', order, 1)
return {'TOTAL', redis.call('INCR', total)}
