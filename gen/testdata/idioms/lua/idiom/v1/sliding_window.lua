---@script idiom.sliding_window
---@version 1
---A rate limit over a sliding window.
---@key hits zset `{name}`
---@arg id string 1..64 bytes
---@arg window integer ms, 1..86400000
---@arg limit integer 1..1000000
---@reply ALLOWED left:integer
---@reply LIMITED retry:integer(ms)
---@error BADARG an argument is wrong
---@example "k" | "a" "1000" "2" => ["ALLOWED", 1]

---@arguments

local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', hits, '-inf', string.format('%.0f', now - window))
local used = redis.call('ZCARD', hits)
if used >= limit then
  local first = redis.call('ZRANGE', hits, 0, 0, 'WITHSCORES')
  return {'LIMITED', math.ceil(tonumber(first[2]) + window - now)}
end
redis.call('ZADD', hits, string.format('%.0f', now), id)
redis.call('PEXPIRE', hits, window)
return {'ALLOWED', limit - used - 1}
