---@script mutex.extend
---@version 1
---Raise the lease of a lock that is ours. Never shortens it, so it is safe to repeat and to come late.
---@key lock     string  `{name}` 1..1024 bytes, the holder's token
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence end, lease, fences, wake, channel
---@arg token  string   1..512 bytes, the one that acquired
---@arg lease  integer  ms, 1..2147483647, what must be left of the lease at least
---@reply EXTENDED fence:integer lease_left:integer(ms)  still ours
---@reply NOTHELD  holder_pttl:integer(ms)               not ours any more; -1: held by a key without expiry, -2: by nobody
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

-- GETEX without an option is a GET that counts as a write: a read-only server refuses it, instead of answering from what
-- it has heard so far.
local holder = redis.pcall('GETEX', lock)
if type(holder) == 'table' then
  return holder
end
if holder ~= token then
  return {'NOTHELD', redis.call('PTTL', lock)}
end

---@include clock
---@include counter
---@include fence
---@include lease

local f, kept = renew(lease)
if not f then
  return kept
end
return {'EXTENDED', f, kept}
