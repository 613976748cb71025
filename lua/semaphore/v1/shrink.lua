---@script semaphore.shrink
---@version 1
---Give some of the permits of a grant back, and admit who waits. It keeps the lesser of what it has and weight, so it is safe to
---repeat and to come late.
---@key holders zset     `{name}`, token → end of its lease
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key pending  zset    companion `:redilock:pending`, waiting token → arrival number
---@key members  hash    companion `:redilock:members`, token → its record as a holder or as a waiter; the empty field: what is in use
---@arg token    string   1..512 bytes, the one that acquired
---@arg weight   integer  1..2147483647, how many permits it keeps
---@arg channel  string   0..512 bytes = "", the caller's own: who listens on it is told by the caller
---@publish redilock:*, "token fence lease fences" to a waiter that was admitted
---@reply SHRUNK  weight:integer more:boolean granted:list(token:string fence:integer lease:integer(ms) fences:integer)  how many it has now; granted: whom the caller tells; more: others may fit, call again at once
---@reply NOTHELD   not ours any more
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

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
if err then
  return err
end
if not stop then
  return {'NOTHELD'}
end

---@include fence
---@include hold
---@include finish
---@include record
---@include keys
---@include queue
---@include tell
---@include admit

-- Of a record that was lost nobody knows the weight: extend restores it.
local f, has, limit = read_holder(record)
local kept = math.min(has or weight, weight)
if has and kept < has then
  used = math.max(used - has + kept, 0)
  redis.call('HSET', members, token, string.format('%.0f %d %d', f, kept, limit))
  touched = true
end

local granted = {}
local outcome = admit(nil, channel, granted)
finish()
return {'SHRUNK', kept, outcome == 'more' and 1 or 0, granted}
