-- The queue: who waits (a zset of token → arrival number) and what the server knows of each (a hash of token → record).

-- The arrival number of a newcomer: the last one plus one, never a clock.
local function next_arrival()
  local tail = redis.call('ZREVRANGE', queue, 0, 0, 'WITHSCORES')
  return tail[2] and tonumber(tail[2]) + 1 or 1
end

local function position_of(who)
  return redis.call('ZRANK', queue, who) + 1
end

---@include retention

-- Puts a waiter into the queue, or renews it where it stands. `place` is the arrival number of a newcomer; without
-- one it goes to the tail. Returns its position (1 = next), or nil and the error to answer with. The hash is written
-- first: should it be of a wrong type, nothing has changed.
local function stand(w, place)
  local t = server_time()
  if t.err then
    return nil, t
  end
  local score = redis.pcall('ZSCORE', queue, w.token)
  if type(score) == 'table' then
    return nil, score
  end
  local written = redis.pcall('HSET', waiters, w.token, record_of(w))
  if type(written) == 'table' then
    return nil, written
  end
  if not score then
    redis.call('ZADD', queue, place or next_arrival(), w.token)
  end
  retain_queue()
  return position_of(w.token)
end

-- Leaving succeeds even if the waiters key has a wrong type.
local function leave(who)
  redis.call('ZREM', queue, who)
  redis.pcall('HDEL', waiters, who)
end
