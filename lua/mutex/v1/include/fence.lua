-- Fences grow with every grant: each is the server's clock in microseconds, or one more than the last where the clock is not
-- past it. So they grow as well when the counter is gone (collected, flushed) or set back (a snapshot, a replica that had
-- not heard of the last grants): time moves on faster than one grant per microsecond. A grant may own several numbers, all
-- of them from the past: those between the last fence and its own.

local FENCE_RETENTION = 3600000 -- ms that a counter is kept; for as long as the lease, if that is longer
local SLOT = 60000000 -- us: the first grant in each minute raises the retention, so that others need no command for it
local LONG_LEASE = 3540000 -- ms: FENCE_RETENTION less a SLOT, what another grant may have left of the retention

-- Raises the counter's retention, never shortens it. A counter without expiry (a PERSIST by somebody else) gets one.
-- Returns the error to answer with, if there is one.
local function retain_fence(lease)
  local ms = math.max(FENCE_RETENTION, lease)
  local raised = redis.pcall('PEXPIRE', fence, ms, 'GT')
  if raised == 0 then
    raised = redis.pcall('PEXPIRE', fence, ms, 'NX')
  end
  return type(raised) == 'table' and raised or nil
end

-- The next fence of a grant for `lease` ms; how many numbers up to it are the grant's, at most `wish`; and how long ago, in
-- us, the last grant was, if that is known. Or nil and the error to answer with: then the counter is as it was.
-- `absent` says that the counter is known not to exist.
local function next_fence(lease, wish, absent)
  time = time or redis.pcall('TIME')
  if time.err then
    return nil, time
  end
  -- As text, which is cheaper to send than a number.
  local digits = time[1] .. (#time[2] == 6 and time[2] or string.sub('00000' .. time[2], -6))
  local f = tonumber(digits, 10)
  if absent then
    local set = redis.pcall('SET', fence, digits, 'PX', math.max(FENCE_RETENTION, lease))
    if set.err then
      return nil, set
    end
    return f, 1
  end
  local last = redis.pcall('SET', fence, digits, 'KEEPTTL', 'GET')
  if type(last) == 'table' then
    return nil, last
  end
  -- What is no number, or no counter, is as good as none; but what looks like a number need only be looked at closely
  -- where it matters.
  local before = last and tonumber(last, 10)
  if before and before < f and (wish == 1 or string.find(last, COUNTER)) then
    local ago = f - before -- the last fence is about the time of the last grant
    if f % SLOT < ago or lease > LONG_LEASE then
      retain_fence(lease)
    end
    return f, wish == 1 and 1 or math.min(wish, ago), ago
  end
  if last and string.find(last, COUNTER) then
    if #last > 16 or before >= FENCE_LIMIT then
      redis.call('SET', fence, last, 'KEEPTTL')
      return nil, redis.error_reply('BADFENCE the fence counter has passed 2^53 - 1')
    end
    f = before + 1
    redis.call('SET', fence, f, 'KEEPTTL')
  end
  retain_fence(lease)
  return f, 1
end
