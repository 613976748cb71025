-- The queue: who waits (a zset of token → arrival number) and what the server knows of each (a hash of token →
-- presence deadline, grant, wake, channel). Any queued primitive can share it.

local QUEUE_RETENTION = 120000 -- ms; twice the longest presence

-- Puts a waiter into the queue, or renews it where it stands. `place` is the arrival number of a newcomer; without
-- one it goes to the tail. Returns its position (1 = next), or nil and the error to answer with. The hash is written
-- first: should it be of a wrong type, nothing has changed.
local function stand(who, place, lease, presence, wake, channel)
  local t = server_time()
  if t.err then
    return nil, t
  end
  local score = redis.pcall('ZSCORE', queue, who)
  if type(score) == 'table' then
    return nil, score
  end
  -- The channel stays out of the format: %s ends at a NUL byte.
  local record = string.format('%.0f %d %s ', now_ms() + presence, math.min(lease, presence), wake) .. channel
  local written = redis.pcall('HSET', waiters, who, record)
  if type(written) == 'table' then
    return nil, written
  end
  if not score then
    if not place then
      local last = redis.call('ZREVRANGE', queue, 0, 0, 'WITHSCORES')
      place = last[2] and tonumber(last[2]) + 1 or 1
    end
    redis.call('ZADD', queue, place, who)
  end
  redis.call('PEXPIRE', queue, QUEUE_RETENTION)
  redis.call('PEXPIRE', waiters, QUEUE_RETENTION)
  return redis.call('ZRANK', queue, who) + 1
end

-- Leaving succeeds even if the waiters key has a wrong type.
local function leave(who)
  redis.call('ZREM', queue, who)
  redis.pcall('HDEL', waiters, who)
end
