---@script idiom.semaphore
---@version 1
---A counting semaphore with leases.
---@key holders zset `{name}`
---@arg token string 1..64 bytes
---@arg limit integer 1..1000
---@arg lease integer ms, 1..86400000
---@return boolean
---@error BADARG an argument is wrong
---@example "k" | "t" "1" "1000" => 1

---@arguments

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', holders, '-inf', string.format('%.0f', now))
if redis.call('ZSCORE', holders, token) or redis.call('ZCARD', holders) < limit then
  redis.call('ZADD', holders, string.format('%.0f', now + lease), token)
  return true
end
return false
