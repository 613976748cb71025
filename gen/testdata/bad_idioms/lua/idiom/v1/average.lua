---@script idiom.average
---@version 1
---A fraction as a number.
---@key sums hash `{name}`
---@return float

local sum = redis.call('HMGET', KEYS[1], 'sum', 'n')
return (tonumber(sum[1]) or 0) / (tonumber(sum[2]) or 1)
