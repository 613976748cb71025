---@script mutex.acquire
---@version 2
---Take the lock, join its queue, or say how long it is held. Safe to repeat with the same token.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence deadline, grant, wake, channel
---@arg lease     integer  ms, 1..2147483647, how long the server keeps the grant
---@arg token     string   1..512 bytes, one per acquisition
---@arg presence  integer  ms, 0..60000 = 0, how long the server believes the waiter alive; 0: do not queue
---@arg wake      enum     poll|push|broadcast = poll, how a hand-off tells the waiter
---@arg channel   string   0..512 bytes = "", where it is told
---@require channel when wake not poll
---@publish redilock:*, "token fence lease" to the waiter that got the lock
---@reply GRANTED fence:integer lease:integer(ms) behind:integer   ours now, or ours already; so many wait behind us
---@reply QUEUED  holder_pttl:integer(ms) position:integer   in the queue; position 1 is next, holder_pttl 0: ask again at once
---@reply HELD    holder_pttl:integer(ms)                    somebody has it, or live waiters are ahead; -1: a key without expiry
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

---@include clock
---@include fence

-- The path that must be fast: nobody waits and the lock is free. It comes before the functions that it does not call,
-- because making a function takes time. A server that is out of memory refuses the SET even where it would set nothing,
-- and its holder must hear that it holds: so the error is left to those who want a grant.
local set = redis.call('EXISTS', queue) == 0 and redis.pcall('SET', lock, token, 'NX', 'PX', lease)
if set and set.ok then
  local f, err = next_fence()
  if err then
    redis.call('DEL', lock)
    return err
  end
  return {'GRANTED', f, lease, 0}
end

---@include lease
---@include queue
---@include handoff

local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
  return holder
end

if holder == token then
  local f, err = current_fence()
  if err then
    return err
  end
  return {'GRANTED', f, raise(lease), redis.call('ZCARD', queue)}
end

-- Free, but with a queue: a newcomer never overtakes a live waiter.
if not holder then
  local outcome, who, f = hand_off(token, lease)
  if outcome == 'error' then
    return who
  end
  if outcome == 'granted' and who == token then
    return {'GRANTED', f, lease, redis.call('ZCARD', queue)}
  end
  if outcome == 'empty' then
    local mine, err = grant(token, lease)
    if err then
      return err
    end
    return {'GRANTED', mine, lease, 0}
  end
end

if presence > 0 then
  local position, err = stand(token, nil, lease, presence, wake, channel)
  if err then
    return err
  end
  return {'QUEUED', lease_left(), position}
end
return {'HELD', lease_left()}
