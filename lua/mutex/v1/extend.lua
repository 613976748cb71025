---@script mutex.extend
---@version 1
---Raise the lease of a lock that is ours. Never shortens it, so it is safe to repeat and to come late.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence deadline, grant, wake, channel
---@arg token  string   1..512 bytes, the one that acquired
---@arg lease  integer  ms, 1..2147483647, what must be left of the lease at least
---@reply EXTENDED fence:integer lease_left:integer(ms)  still ours
---@reply NOTHELD  holder_pttl:integer(ms)               not ours any more; -1: held by a key without expiry, -2: by nobody
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

---@include clock
---@include fence
---@include lease

local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
  return holder
end
if holder ~= token then
  return {'NOTHELD', redis.call('PTTL', lock)}
end

local f, err = current_fence()
if err then
  return err
end
-- So that a lock that is held for long keeps the fence it was granted with.
redis.call('PEXPIRE', fence, FENCE_RETENTION)
return {'EXTENDED', f, raise(lease)}
