---@script idiom.best
---@version 1
---The best of a ranking.
---@key scores zset `{name}`
---@arg n integer 1..100 = 10
---@readonly
---@return map
---@error BADARG an argument is wrong
---@example "k" => []

---@arguments

return redis.call('ZREVRANGE', scores, 0, n - 1, 'WITHSCORES')
