---@script rate_limit.take
---@version 1
---Take permits from a window of time, all of them or none.
---Safe to repeat with the same id.
---@key window  zset  `{name}`, id → when it was taken, in ms
---@key stats   hash  companion `:stats`, outcome → how often
---@arg id      string   1..64 bytes, one per attempt
---@arg limit   integer  1..1000, permits in a window
---@arg span    integer  ms, 1000..3600000, length of the window
---@arg mode    enum     strict|lenient = strict, whether a refused attempt counts too
---@arg notice  string   0..64 bytes = "", the channel that is told of a refusal
---@publish limits:*, the id that was refused
---@reply TAKEN    left:integer            it may go ahead
---@reply REFUSED  retry_ttl:integer(ms)  too many
---@error BADARG   an argument is missing or out of its range

---@arguments

---@include window

local now = now_ms()
redis.call('ZREMRANGEBYSCORE', window, '-inf', window_start(now, span)) -- those that left it
local taken = redis.pcall('ZCARD', window)
if type(taken) == 'table' then
  return taken
end
if taken >= limit and not redis.call('ZSCORE', window, id) then
  redis.call('HINCRBY', stats, 'refused', mode == 'strict' and 1 or 0)
  if notice ~= '' then
    redis.call('PUBLISH', notice, id)
  end
  local first = redis.call('ZRANGE', window, 0, 0, 'WITHSCORES')
  return {'REFUSED', first[2] + span - now}
end
redis.call('ZADD', window, string.format('%.0f', now), id)
redis.call('PEXPIRE', window, span)
return {'TAKEN', limit - redis.call('ZCARD', window)}
