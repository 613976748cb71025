-- Admission: waiters become holders, first come, first served. It stops at the first that does not fit: to let smaller ones
-- pass would starve it.

-- Takes a grant back: no message reached its token.
local function take_back(who, weight)
  redis.call('ZREM', holders, who)
  redis.call('HDEL', members, who)
  size, count, used, touched = size - 1, count - 1, used - weight, true
end

-- Admits waiters, and returns an outcome:
--   'empty'   nobody waits any more
--   'full'    the head does not fit
--   'more'    one call has done what it may, and others may fit
--   'error', the error to answer with: those who were admitted stay so
-- `caller` (of a release: its successor) is alive whatever its record says, gets its lease in full and is told by the reply:
-- it then has a `fence`, and its `fences` are those it got. A waiter that listens on `own_channel` is told by the caller, who finds it in
-- `granted`.
local function admit(caller, own_channel, granted)
  for _ = 1, BOUND do
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
    local w = read_record(record)
    local ours = caller and who == caller.token
    if ours then
      w = caller
    end
    if not ours and not alive(w) then
      leave(who)
    elseif not fits(w.weight, w.limit) then
      return many_gone and 'more' or 'full'
    else
      local f, owned = grant(who, w.lease, w.weight, w.limit, w.fences)
      if not f then
        return 'error', owned
      end
      redis.call('ZREM', queue, who)
      w.token, w.fence, w.fences = who, f, owned
      if ours or w.wake == 'poll' then
        -- It is told by the reply, or when it asks.
      elseif w.channel == own_channel and (w.wake == 'push' or w.wake == 'broadcast') then
        granted[#granted + 1] = {who, f, w.lease, owned}
      elseif not tell(w, w.wake, w.channel) then
        take_back(who, w.weight)
      end
    end
  end
  return redis.call('ZCARD', queue) > 0 and 'more' or 'empty'
end
