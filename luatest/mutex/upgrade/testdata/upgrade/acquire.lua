---@script mutex.acquire
---@version 2
---Take the lock, join its queue, or say how long it is held.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence end, lease, fences, wake and more, channel
---@arg lease     integer  ms, 1..2147483647, how long the server keeps the grant
---@arg token     string   1..512 bytes, one per acquisition
---@arg fences    integer  1..64 = 1, how many numbers the grant should own
---@arg presence  integer  ms, 0..60000 = 0, how long the server believes the waiter alive; 0: do not queue
---@arg channel   string   0..512 bytes = "", where it is told
---@arg wake      enum     poll|push|broadcast|shard = poll, how a hand-off tells the waiter
---@require channel when wake not poll
---@publish redilock:*, "token fence lease fences" to the waiter that got the lock
---@reply GRANTED fence:integer lease:integer(ms) fences:integer behind:integer   ours; so many wait behind us
---@reply QUEUED  holder_pttl:integer(ms) position:integer   in the queue
---@reply HELD    holder_pttl:integer(ms)                    somebody has it
---@error BADARG  an argument is missing or out of its range

---@arguments

---@include turn
---@include raise
---@include pass

if redis.call('EXISTS', lock) == 0 then
  pass_on(token, lease, fences)
end
if redis.call('EXISTS', lock) == 0 then
  local f, owned = give(token, lease, fences)
  return {'GRANTED', f, lease, owned, redis.call('ZCARD', queue)}
end
if redis.call('GET', lock) == token then
  return {'GRANTED', tonumber(redis.call('GET', fence)), raise(lease), given or 1, redis.call('ZCARD', queue)}
end
if presence == 0 then
  return {'HELD', redis.call('PTTL', lock)}
end
local tail = redis.call('ZREVRANGE', queue, '0', '0', 'WITHSCORES')
redis.call('ZADD', queue, 'NX', (tail[2] and tonumber(tail[2]) or 0) + 1, token)
redis.call('HSET', waiters, token, line(presence, lease, fences, wake, channel))
redis.call('PEXPIRE', queue, 120000)
redis.call('PEXPIRE', waiters, 120000)
return {'QUEUED', redis.call('PTTL', lock), redis.call('ZRANK', queue, token) + 1}
