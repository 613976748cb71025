---@script mutex.acquire
---@version 1
---Take the lock, join its queue, or say how long it is held. Safe to repeat with the same token.
---@key lock     string  `{name}` 1..1024 bytes, the holder's token
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence end, lease, fences, wake, channel
---@arg token     string   1..512 bytes, one per acquisition
---@arg lease     integer  ms, 1..2147483647, how long the server keeps the grant
---@arg presence  integer  ms, 0..60000 = 0, how long the server believes the waiter alive; 0: do not queue
---@arg wake      enum     poll|push|broadcast = poll, how a hand-off tells the waiter
---@arg channel   string   0..512 bytes = "", where it is told
---@arg fences    integer  1..64 = 1, how many numbers the grant should own
---@require channel when wake not poll
---@publish redilock:*, "token fence lease fences" to the waiter that got the lock
---@reply GRANTED fence:integer lease:integer(ms) fences:integer   ours now, or ours already; so many numbers, the last of them fence, are the grant's
---@reply QUEUED  holder_pttl:integer(ms) position:integer   in the queue; position 1 is next, holder_pttl 0: ask again at once
---@reply HELD    holder_pttl:integer(ms)                    somebody has it, or live waiters are ahead; -1: a key without expiry
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

---@include clock
---@include counter
---@include fence

-- The path that must be fast: nobody waits and the lock is free. It comes before the functions that it does not call,
-- because making a function takes time. A key named twice counts twice: 1 is a counter without a queue, 2 and 3 are a queue.
-- A server that is out of memory refuses the SET even where it would set nothing, and its holder must hear that it holds:
-- so the error is left to those who want a grant. The lease is sent as it came, because text is cheaper to send than a
-- number: one with leading zeros is an error here, and takes the long way.
local there = redis.call('EXISTS', queue, queue, fence)
local set = there < 2 and redis.pcall('SET', lock, token, 'NX', 'PX', ARGV[2])
if set and set.ok then
  local f, owned = next_fence(lease, fences, there == 0)
  if not f then
    redis.call('DEL', lock)
    return owned
  end
  return {'GRANTED', f, lease, owned}
end

---@include grant
---@include lease
---@include now
---@include number
---@include record
---@include queue
---@include handoff

local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
  return holder
end

-- What a lost reply reserved is not used: a repeat owns one number.
if holder == token then
  local f, kept = renew(lease)
  if not f then
    return kept
  end
  return {'GRANTED', f, kept, 1}
end

local caller = {
  token = token, lease = lease, presence = presence, wake = wake, channel = channel, fences = fences,
  stands = true, -- as far as a hand-off is concerned: an acquire that gets nothing queues itself, below
}

-- Free, but with a queue: a newcomer never overtakes a live waiter.
if not holder then
  local outcome, g = hand_off(caller)
  if outcome == 'error' then
    return g
  end
  if outcome == 'granted' and g.token == token then
    return {'GRANTED', g.fence, lease, g.fences}
  end
  if outcome == 'empty' then
    local f, owned = grant(token, lease, fences)
    if not f then
      return owned
    end
    return {'GRANTED', f, lease, owned}
  end
end

if presence > 0 then
  local position, err = stand(caller)
  if err then
    return err
  end
  return {'QUEUED', lease_left(), position}
end
-- A replica may not have heard that the lock is free.
if set and string.find(set.err, '^READONLY') then
  return set
end
return {'HELD', lease_left()}
