---@script semaphore.extend
---@version 1
---Raise the lease of a grant. Never shortens it, so it is safe to repeat and to come late.
---@key holders zset     `{name}`, token → end of its lease
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key pending  zset    companion `:redilock:pending`, waiting token → arrival number
---@key members  hash    companion `:redilock:members`, token → its record as a holder or as a waiter; the empty field: what is in use
---@arg token   string   1..512 bytes, the one that acquired
---@arg lease   integer  ms, 1..2147483647, what must be left of the lease at least
---@arg weight  integer  0..2147483647 = 0, how many permits it has: a record that was lost is restored; 0: it is not
---@arg limit   integer  0..2147483647 = 0, how many permits there are
---@require limit when weight
---@reply EXTENDED fence:integer lease_left:integer(ms)  still ours
---@reply NOTHELD  wait:integer(ms)                      not ours any more; wait: until a lease ends, 0: one has ended already, or there is none
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

if weight > limit then
  return redis.error_reply('BADARG weight: must not be more than limit')
end

-- A write that does nothing, because no token is empty. So a read-only server refuses it, instead of answering from what it
-- has heard so far; and one that is out of memory, which refuses what may grow until the script has written, does not refuse
-- the rest.
local writable = redis.pcall('ZREM', holders, '')
if type(writable) == 'table' then
  return writable
end

---@include clock
---@include now
---@include number
---@include counter
---@include look

local err, stop, _, record = look(token)
if err and not stop then
  return err
end
if not stop then
  return {'NOTHELD', next_end()}
end

---@include fence
---@include hold
---@include renew
---@include finish

local f, kept = renew(token, lease, weight, limit, stop, record)
if not f then
  return kept
end
finish()
return {'EXTENDED', f, kept}
