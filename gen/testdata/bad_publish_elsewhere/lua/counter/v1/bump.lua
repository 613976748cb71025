---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@publish news:*:x
---@publish exact
---@reply TOTAL total:integer

local total = KEYS[1]
local who = redis.call('GET', total)
redis.call('PUBLISH', 'other', 'x')
redis.call('PUBLISH', 'other:' .. who, 'x')
redis.call('PUBLISH', 'ne', 'x')
redis.call('PUBLISH', 'exact' .. who, 'x')
redis.call('PUBLISH', string.format('exact:%s', who), 'x')
redis.call('PUBLISH', 'news:1:y', 'x')
redis.call('PUBLISH', 'news:1:x', 'x')
redis.call('PUBLISH', 'exact', 'x')
redis.call('PUBLISH', 'news:' .. who .. ':x', 'x')
redis.call('PUBLISH', 'n' .. who, 'x')
redis.call('PUBLISH', who, 'x')
return {'TOTAL', redis.call('INCR', total)}
