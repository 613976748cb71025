---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@key names hash companion `:names`
---@key order zset companion `:order`
---@key text string companion `:text`
---@key line list companion `:line`
---@key crowd set companion `:crowd`
---@key log stream companion `:log`
---@reply TOTAL total:integer

local total, names, order, text, line, crowd, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
redis.call('ZADD', text, 1, 'a')
redis.call('GET', names)
redis.call('HGET', order, 'a')
redis.call('LPUSH', crowd, 'a')
redis.call('SADD', line, 'a')
redis.call('XLEN', total)
redis.call('MGET', text, log)
redis.call('SMOVE', crowd, line, 'a')
redis.call('DEL', total, names, order, text, line, crowd, log)
return {'TOTAL', redis.call('INCR', text)}
