---@script mutex.release
---@version 1
---Give the lock, or the place in its queue, back. The lock goes to the first live waiter in the same call. A successor
---takes the caller's turn behind those who wait. Safe to repeat with the same token and successor.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence deadline, grant, wake, channel
---@arg token      string   1..512 bytes, the one that acquired
---@arg channel    string   0..512 bytes = "", the caller's own: who listens on it is told by the caller
---@arg successor  string   0..512 bytes = "", the token that is to have the caller's next turn
---@arg lease      integer  ms, 0..2147483647 = 0, the successor's
---@arg presence   integer  ms, 0..60000 = 0, the successor's
---@arg wake       enum     poll|push|broadcast = poll, the successor's
---@require lease when successor
---@require presence when successor
---@require channel when wake not poll
---@publish redilock:*, "token fence lease" to the waiter that got the lock
---@reply RELEASED position:integer                              it was ours; the successor stands at this position (0: it is not queued)
---@reply HANDED   token:string fence:integer lease:integer(ms)  it was ours and is this token's now; the caller tells it
---@reply LEFT     position:integer                              we stood in the queue; the successor has our place
---@reply NOTHELD                                                neither
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

if successor == token then
  return redis.error_reply('BADARG successor: must not be the token itself')
end

---@include clock
---@include fence

local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
  return holder
end

if holder == token then
  -- The path that must be fast: nobody waits at the server. It comes before the functions that it does not call.
  if redis.call('EXISTS', queue) == 0 then
    if successor == '' then
      redis.call('DEL', lock)
      return {'RELEASED', 0}
    end
    local f = grant(successor, lease)
    if f then
      return {'HANDED', successor, f, lease}
    end
  end
  -- Before anything else that writes: a server that is out of memory refuses what may grow until something has shrunk.
  redis.call('DEL', lock)
end

---@include lease
---@include queue
---@include handoff

if holder == token then
  local heir = successor ~= '' and successor -- never the empty member that somebody put into the queue
  local outcome, who, f, granted, untold = hand_off(heir, lease, channel)
  if outcome == 'empty' and successor ~= '' then
    local mine = grant(successor, lease)
    if mine then
      return {'HANDED', successor, mine, lease}
    end
  end
  -- The successor was queued itself, and is the first live waiter.
  if who == heir then
    return {'HANDED', successor, f, granted}
  end
  -- The lock is given back whatever is wrong with a companion key: the waiters meet that error when they ask.
  local position = successor ~= '' and stand(successor, nil, lease, presence, wake, channel) or 0
  if untold then
    return {'HANDED', who, f, granted}
  end
  return {'RELEASED', position}
end

local place = redis.pcall('ZSCORE', queue, token)
if type(place) == 'table' then
  return place
end

if place then
  leave(token)
  if successor == '' then
    -- Who leaves a free lock's queue was perhaps the one to find out: the next one must not wait for it.
    if not holder then
      hand_off()
    end
    return {'LEFT', 0}
  end
  if holder ~= successor then
    return {'LEFT', stand(successor, place, lease, presence, wake, channel) or 0}
  end
end

-- The successor has the lock, or a place of its own. A repeat of a call whose reply was lost answers as the first did.
if successor ~= '' then
  if holder == successor then
    local f, err = current_fence()
    if err then
      return err
    end
    return {'HANDED', successor, f, raise(lease)}
  end
  local position = redis.call('ZRANK', queue, successor)
  if position then
    return {'RELEASED', position + 1}
  end
end
return {'NOTHELD'}
