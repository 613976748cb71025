---@script idiom.gcra
---@version 1
---The generic cell rate algorithm.
---@key arrival string `{name}`
---@arg burst integer 1..1000
---@arg period integer ms, 1..3600000, for one cell
---@repeat unsafe
---@reply OK wait:integer(ms)
---@reply WAIT wait:integer(ms)
---@error BADARG an argument is wrong
---@example "k" | "5" "100" => ["OK", 0]

---@arguments

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local due = math.max(tonumber(redis.call('GET', arrival) or 0), now)
local early = due + period - burst * period
if early > now then
  return {'WAIT', math.ceil(early - now)}
end
redis.call('SET', arrival, string.format('%.0f', due + period), 'PX', math.ceil(due + period - now))
return {'OK', 0}
