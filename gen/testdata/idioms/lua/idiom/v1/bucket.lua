---@script idiom.bucket
---@version 1
---A token bucket.
---@key bucket hash `{name}`
---@arg capacity integer 1..1000000
---@arg rate integer 1..1000000, tokens a second
---@arg wanted integer 1..1000000 = 1
---@repeat unsafe
---@reply GRANTED left:float
---@reply DENIED retry:integer(ms)
---@error BADARG an argument is wrong
---@example "k" | "10" "1" "11" => ["DENIED", "..."]

---@arguments

local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local state = redis.call('HMGET', bucket, 'tokens', 'at')
local tokens = tonumber(state[1]) or capacity
local at = tonumber(state[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) * rate / 1000)
if tokens < wanted then
  return {'DENIED', math.ceil((wanted - tokens) * 1000 / rate)}
end
tokens = tokens - wanted
redis.call('HSET', bucket, 'tokens', string.format('%.17g', tokens), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', bucket, math.ceil(capacity / rate * 1000))
return {'GRANTED', string.format('%.17g', tokens)}
