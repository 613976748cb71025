-- Hand-off: the free lock goes to the first live waiter, in the script that found it free.

-- What stand() wrote. Whatever else somebody put there is the record of nobody alive: a lease of 0 could not be SET.
local RECORD = '^(%d+) ([1-9]%d?%d?%d?%d?) (%l+) (.*)$'
local SWEEP = 64 -- dead waiters dropped in one call at the most: a script must not hold up the server

-- Tells a waiter that it has the lock. False: its process is gone.
local function tell(to, f, lease, wake, channel)
  -- The token stays out of the format: %s ends at a NUL byte.
  local receivers = redis.pcall('PUBLISH', channel, to .. string.format(' %.0f %d', f, lease))
  -- An error (an ACL without this channel) says nothing of the waiter, which still polls; nor does a count of zero in
  -- a cluster, where it covers one node alone.
  return wake == 'broadcast' or receivers ~= 0
end

-- Grants the free lock to the first live waiter and returns an outcome:
--   'granted', its token, fence, lease, and whether it still has to be told by the caller
--   'empty'   nobody waits
--   'more'    as many dead waiters were dropped as one call may, and others are left
--   'error', the error to answer with: nothing was granted
-- `caller` (of a release: its successor) is alive whatever its presence says, and gets `caller_lease` in full: this call's
-- reply tells it. A waiter that listens on `own_channel` is told by the caller, without a message.
local function hand_off(caller, caller_lease, own_channel)
  local t = server_time()
  if t.err then
    return 'error', t
  end
  for _ = 1, SWEEP do
    local head = redis.pcall('ZRANGE', queue, 0, 0)
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
    local presence_end, lease, wake, channel = string.match(record or '', RECORD)
    if who == caller then
      lease = caller_lease
    elseif not lease or tonumber(presence_end) < now_ms() then
      lease = nil
    end
    if lease then
      lease = tonumber(lease)
      local f, err = grant(who, lease)
      if err then
        return 'error', err
      end
      leave(who)
      if who == caller or wake == 'poll' then
        return 'granted', who, f, lease, false
      end
      if channel == own_channel then
        return 'granted', who, f, lease, true
      end
      if tell(who, f, lease, wake, channel) then
        return 'granted', who, f, lease, false
      end
      redis.call('DEL', lock)
    else
      leave(who)
    end
  end
  return 'more'
end
