---@script idiom.lru
---@version 1
---Put into a cache that drops what was longest unused.
---@key used zset `{name}`
---@key values hash companion `:values`
---@arg field string 1..64 bytes
---@arg value string 0..1024 bytes
---@arg size integer 1..1000
---@return strings, what was dropped
---@error BADARG an argument is wrong
---@example "k" "{k}:values" | "a" "1" "10" => []

---@arguments

local t = redis.call('TIME')
redis.call('ZADD', used, string.format('%.0f', t[1] * 1000000 + t[2]), field)
redis.call('HSET', values, field, value)
local many = redis.call('ZCARD', used) - size
local dropped = {}
if many > 0 then
  dropped = redis.call('ZRANGE', used, 0, many - 1)
  redis.call('ZREMRANGEBYRANK', used, 0, many - 1)
  for _, old in ipairs(dropped) do
    redis.call('HDEL', values, old)
  end
end
return dropped
