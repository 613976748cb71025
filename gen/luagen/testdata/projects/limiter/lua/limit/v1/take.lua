---@script limit.take
---@version 1
---Take tokens from a bucket that fills at a steady rate.
---@key bucket hash `{name}`, tokens and when they were counted
---@arg capacity integer 1..1000000
---@arg rate integer 1..1000000, tokens a second
---@arg wanted integer 1..1000000 = 1
---@repeat unsafe
---@reply TAKEN left:float
---@reply DENIED retry:integer(ms)  when there will be enough
---@error BADARG an argument is missing or out of its range
---@example "user:1" | "10" "1" "4" => ["TAKEN", "6"]
---@example "user:1" | "10" "1" "14" => ["DENIED", "..."]
---@example "user:1" | "10" "0" => error BADARG

---@arguments

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
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
return {'TAKEN', string.format('%.17g', tokens)}
