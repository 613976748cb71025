---@script mutex.extend
---@version 2
---Raise the lease of a lock that is ours.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence end, lease, fences, wake and more, channel
---@arg lease  integer  ms, 1..2147483647, what must be left of the lease at least
---@arg token  string   1..512 bytes, the one that acquired
---@reply EXTENDED lease_left:integer(ms)  still ours
---@reply NOTHELD                          not ours any more
---@error BADARG  an argument is missing or out of its range

---@arguments

---@include raise

if redis.call('GET', lock) ~= token then
  return {'NOTHELD'}
end
return {'EXTENDED', raise(lease)}
