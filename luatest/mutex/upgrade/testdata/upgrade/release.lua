---@script mutex.release
---@version 2
---Give the lock, or the place in its queue, back.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence end, lease, fences, wake and more, channel
---@arg channel  string  0..512 bytes, the caller's own
---@arg token    string  1..512 bytes, the one that acquired
---@publish redilock:*, "token fence lease fences" to the waiter that got the lock
---@reply RELEASED waiting:integer   it was ours; so many wait
---@reply LEFT                       we stood in the queue
---@reply NOTHELD                    neither
---@error BADARG  an argument is missing or out of its range

---@arguments

---@include turn
---@include pass

if redis.call('GET', lock) == token then
  redis.call('DEL', lock)
  pass_on()
  return {'RELEASED', redis.call('ZCARD', queue)}
end
if redis.call('ZREM', queue, token) == 0 then
  return {'NOTHELD'}
end
redis.call('HDEL', waiters, token)
if redis.call('EXISTS', lock) == 0 then
  pass_on()
end
return {'LEFT'}
