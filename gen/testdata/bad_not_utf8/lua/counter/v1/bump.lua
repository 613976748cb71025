---@script counter.bump
---@version 1
---Counts. ýý
---@key total counter `{name}`
---@arg by integer 1..9 = 1
---@reply TOTAL total:integer
---@error BADARG by is out of its range

local total = KEYS[1]
local by = tonumber(ARGV[1] or '1', 10)
if not by or by < 1 or by > 9 then
  return redis.error_reply('BADARG by must be 1 to 9')
end
return {'TOTAL', redis.call('INCRBY', total, by)}
