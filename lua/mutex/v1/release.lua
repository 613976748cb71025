---@script mutex.release
---@version 1
---Give the lock, or the place in its queue, back. The lock goes to the first live waiter in the same call. A successor
---takes the caller's turn behind those who wait. Safe to repeat with the same token and successor.
---@key lock     string  `{name}` 1..1024 bytes, the holder's token
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence end, lease, fences, wake, channel
---@arg token      string   1..512 bytes, the one that acquired
---@arg channel    string   0..512 bytes = "", the caller's own: who listens on it is told by the caller
---@arg successor  string   0..512 bytes = "", the token that is to have the caller's next turn
---@arg lease      integer  ms, 0..2147483647 = 0, the successor's
---@arg presence   integer  ms, 0..60000 = 0, the successor's
---@arg wake       enum     poll|push|broadcast = poll, the successor's
---@arg fences     integer  1..64 = 1, the successor's: how many numbers its grant should own
---@require lease when successor
---@require presence when successor
---@require channel when wake not poll
---@publish redilock:*, "token fence lease fences" to the waiter that got the lock
---@reply RELEASED position:integer                              it was ours; the successor stands at this position, or ahead of it (0: it is not queued)
---@reply HANDED   token:string fence:integer lease:integer(ms) fences:integer  this token has the lock now; the caller tells it
---@reply LEFT     position:integer                              we stood in the queue; the successor has our place
---@reply NOTHELD                                                neither
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

if successor == token then
  return redis.error_reply('BADARG successor: must not be the token itself')
end

-- GETEX without an option is a GET that counts as a write. So a read-only server refuses it, instead of answering from what
-- it has heard so far; and one that is out of memory, which refuses what may grow until the script has written, does not
-- refuse the rest.
local holder = redis.pcall('GETEX', lock)
if type(holder) == 'table' then
  return holder
end

-- The path that must be fast: nobody waits at the server. It comes before the functions that it does not call.
local head
if holder == token then
  head = redis.pcall('ZRANGE', queue, '0', '1', 'WITHSCORES')
  if #head == 0 and not head.err and successor == '' then
    redis.call('DEL', lock)
    return {'RELEASED', 0}
  end
end

---@include clock
---@include counter
---@include fence
---@include grant

if head and #head == 0 and not head.err then
  local f, owned = grant(successor, lease, fences)
  if f then
    return {'HANDED', successor, f, lease, owned}
  end
end

---@include lease
---@include now
---@include number
---@include record
---@include queue
---@include handoff

local heir = successor ~= '' and {
  token = successor, lease = lease, presence = presence, wake = wake, channel = channel, fences = fences,
}

if holder == token then
  local outcome, g = hand_off(heir, channel, head)
  if outcome == 'empty' and heir then
    local f, owned = grant(successor, lease, fences)
    if f then
      return {'HANDED', successor, f, lease, owned}
    end
  end
  -- The successor was queued itself, and is the first live waiter.
  if outcome == 'granted' and heir and g.token == successor then
    return {'HANDED', successor, g.fence, lease, g.fences}
  end
  -- The lock is given back whatever is wrong with a companion key: the waiters meet that error when they ask.
  if outcome ~= 'granted' then
    redis.call('DEL', lock)
  end
  local position = 0
  if heir and heir.stands then
    position = heir.position or position_of(successor)
  elseif heir then
    position = stand(heir) or 0
  end
  if outcome == 'granted' and g.untold then
    return {'HANDED', g.token, g.fence, g.lease, g.fences}
  end
  return {'RELEASED', position}
end

local place = redis.pcall('ZSCORE', queue, token)
if type(place) == 'table' then
  return place
end

if place then
  leave(token)
  if not heir then
    -- Who leaves a free lock's queue was perhaps the one to find out: the next one must not wait for it.
    if not holder then
      hand_off()
    end
    return {'LEFT', 0}
  end
  if holder ~= successor then
    local position = stand(heir, place) or 0
    if not holder then
      heir.stands = true
      local outcome, g = hand_off(heir)
      if outcome == 'granted' and g.token == successor then
        return {'HANDED', successor, g.fence, lease, g.fences}
      end
      position = position > 0 and position_of(successor) or 0
    end
    return {'LEFT', position}
  end
end

-- The successor has the lock, or a place of its own. A repeat of a call whose reply was lost answers as the first did.
if heir then
  if holder == successor then
    local f, kept = renew(lease)
    if not f then
      return kept
    end
    return {'HANDED', successor, f, kept, 1}
  end
  local position = redis.call('ZRANK', queue, successor)
  if position then
    return {'RELEASED', position + 1}
  end
end
return {'NOTHELD'}
