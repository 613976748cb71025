---@script semaphore.release
---@version 1
---Give permits, or the place in the queue, back, and admit who waits. A successor takes the caller's turn behind those who
---wait. Safe to repeat with the same token and successor.
---@key holders zset     `{name}`, token → end of its lease
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key pending  zset    companion `:redilock:pending`, waiting token → arrival number
---@key members  hash    companion `:redilock:members`, token → its record as a holder or as a waiter; the empty field: what is in use
---@arg token      string   1..512 bytes, the one that acquired
---@arg channel    string   0..512 bytes = "", the caller's own: who listens on it is told by the caller
---@arg successor  string   0..512 bytes = "", the token that is to have the caller's next turn
---@arg lease      integer  ms, 0..2147483647 = 0, the successor's
---@arg limit      integer  0..2147483647 = 0, the successor's
---@arg weight     integer  1..2147483647 = 1, the successor's
---@arg presence   integer  ms, 0..60000 = 0, the successor's
---@arg wake       enum     poll|push|broadcast = poll, the successor's
---@arg fences     integer  1..64 = 1, the successor's: how many numbers its grant should own
---@require lease when successor
---@require limit when successor
---@require presence when successor
---@require channel when wake not poll
---@publish redilock:*, "token fence lease fences" to a waiter that was admitted
---@reply RELEASED position:integer more:boolean granted:list(token:string fence:integer lease:integer(ms) fences:integer)  they were ours; the successor waits at this position (0: it does not wait); granted: whom the caller tells, its successor among them; more: others may fit, call again at once
---@reply LEFT     position:integer more:boolean granted:list(token:string fence:integer lease:integer(ms) fences:integer)  we stood in the queue; the successor has our place
---@reply NOTHELD  more:boolean granted:list(token:string fence:integer lease:integer(ms) fences:integer)                   neither
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

if successor == token then
  return redis.error_reply('BADARG successor: must not be the token itself')
end
if successor ~= '' and weight > limit then
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

local err, stop, heir_stop, record, heir_record = look(token, successor ~= '' and successor)
if err and known then
  return err
end

-- The permits are given back whatever is wrong with a companion key: the waiters meet that error when they ask.
local place
if stop then
  gone[#gone + 1] = token
  size = size - 1
  forget(record)
  reset_if_empty()
else
  place = redis.pcall('ZSCORE', pending, token)
  if type(place) == 'table' then
    return place
  end
end

---@include fence
---@include hold
---@include finish

-- The path that must be fast: nobody waits.
if stop and successor == '' and redis.pcall('ZCARD', pending) == 0 then
  finish(true)
  return {'RELEASED', 0, 0, {}}
end

---@include renew
---@include record
---@include keys
---@include queue
---@include tell
---@include admit

local heir = successor ~= '' and {
  token = successor, lease = lease, limit = limit, weight = weight, presence = presence, wake = wake, channel = channel,
  fences = fences,
}
if place then
  leave(token)
end

local granted, position, repeated = {}, 0, false
if heir_stop then
  -- The successor holds already, by a call whose reply was lost: it is answered as granted, and never queued.
  local f, kept = renew(successor, lease, weight, limit, heir_stop, heir_record)
  if f then
    granted[1] = {successor, f, kept, 1}
  elseif not stop and not place then
    return kept
  end
  repeated, heir = true, nil
elseif heir and place then
  stand(heir, place)
elseif heir and not stop then
  -- A repeat of a call whose reply was lost finds the successor in the queue.
  repeated = redis.call('ZSCORE', pending, successor)
  heir = repeated and heir
end

local outcome = admit(heir, channel, granted)
if heir and outcome == 'empty' and not heir.fence and fits(weight, limit) then
  local f, owned = grant(successor, lease, weight, limit, fences)
  if f then
    heir.fence, heir.fences = f, owned
  end
end
if heir and heir.fence then
  granted[#granted + 1] = {successor, heir.fence, lease, heir.fences}
elseif heir then
  drop()
  position = stand(heir, place) or 0
end
finish(outcome == 'empty' and position == 0)

local more = outcome == 'more' and 1 or 0
if stop or not place and repeated then
  return {'RELEASED', position, more, granted}
end
if place then
  return {'LEFT', position, more, granted}
end
return {'NOTHELD', more, granted}
