---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@key a counter companion `:x`
---@key b counter companion `:x`
---@arg by integer 1..9 = 1
---@reply TOTAL total:integer
---@error BADARG by is out of its range

local total, a, b = KEYS[1], KEYS[2], KEYS[3]
local by = tonumber(ARGV[1] or '1', 10)
if not by or by < 1 or by > 9 then
  return redis.error_reply('BADARG by must be 1 to 9')
end
return {'TOTAL', redis.call('INCRBY', total, by)}
