-- Hand-off: a lock that nobody has, or that its holder gives back, goes to the first live waiter in the same script.

local SWEEP = 64 -- dead waiters dropped in one call at the most: a script must not hold up the server

---@include tell

-- Puts the successor at the tail before the head leaves: so neither key vanishes in between, and both keep their expiry.
-- Its position is counted from the second of the queue by the arrival numbers: those who left in between count as well.
local function follow(successor, head)
  local second = head[3] and tonumber(head[4])
  local arrival = head[3] and next_arrival() or tonumber(head[2]) + 1
  redis.call('HSET', waiters, successor.token, record_of(successor))
  if redis.call('ZADD', queue, 'NX', arrival, successor.token) == 1 then
    local position = second and arrival - second + 1 or 1
    successor.position = position < FENCE_LIMIT and position or nil -- no infinity that somebody put there
  end
  successor.stands = true
end

-- Grants the lock to the first live waiter and returns an outcome:
--   'granted', and of the grant: token, fence, lease, fences, and untold if the caller has to tell it
--   'empty'   nobody waits
--   'more'    as many dead waiters were dropped as one call may, and others are left
--   'error', the error to answer with: nothing was granted
-- `caller` (of a release: its successor, which goes to the tail unless it stands) is alive whatever its record says, and
-- gets its lease in full: this call's reply tells it. A waiter that listens on `own_channel` is told by the caller,
-- without a message. `head` is the first two of the queue with their arrival numbers, if they were read already.
local function hand_off(caller, own_channel, head)
  local t = server_time()
  if t.err then
    return 'error', t
  end
  for _ = 1, SWEEP do
    head = head or redis.pcall('ZRANGE', queue, '0', '1', 'WITHSCORES')
    if head.err then
      return 'error', head
    end
    local who = head[1]
    if not who then
      return 'empty'
    end
    local record = redis.pcall('HGET', waiters, who)
    if type(record) == 'table' then
      return 'error', record
    end
    local lease, wish, wake, channel = read_record(record)
    local ours = caller and who == caller.token
    if ours then
      lease, wish = caller.lease, caller.fences
    end
    if lease then
      local f, fences, ago = grant(who, lease, wish)
      if not f then
        return 'error', fences
      end
      local g = {token = who, fence = f, lease = lease, fences = fences}
      if caller and not ours and not caller.stands then
        follow(caller, head)
      end
      -- While both keys are there: a slot that moves takes one that is gone for one that has moved.
      if not ago or now_us() % QUEUE_SLOT < ago then
        retain_queue()
      end
      leave(who)
      if ours or wake == 'poll' then
        return 'granted', g
      end
      if channel == own_channel and (wake == 'push' or wake == 'broadcast') then
        g.untold = true
        return 'granted', g
      end
      if tell(g, wake, channel) then
        return 'granted', g
      end
      redis.call('DEL', lock)
    else
      leave(who)
    end
    head = nil
    if caller then
      caller.position = nil
    end
  end
  return 'more'
end
