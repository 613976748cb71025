-- Fences grow with every grant. The counter goes on from the server's clock in microseconds wherever it is behind it: when
-- it is new (first use, collected, flushed), and when it is old (a snapshot, or a replica that had not heard of the last
-- grants). Time moves on faster than one grant per microsecond.

local FENCE_RETENTION = 3600000 -- ms
local FENCE_LIMIT = 9007199254740991 -- 2^53 - 1: past it a Lua number is no longer exact

-- The next fence, or nil and the error to answer with.
local function next_fence()
  local f = redis.pcall('INCR', fence)
  if type(f) == 'table' then
    return nil, f
  end
  local us = now_us()
  local clock = tonumber(us, 10)
  if f < clock then
    redis.call('SET', fence, us, 'PX', FENCE_RETENTION)
    f = clock
  end
  if f > FENCE_LIMIT then
    return nil, redis.error_reply('BADFENCE the fence counter has passed 2^53 - 1')
  end
  return f
end

-- Gives the free lock to a token. Returns the grant's fence, or nil and the error to answer with. The fence comes first,
-- so that an error on it needs no undoing.
local function grant(to, lease)
  local f, err = next_fence()
  if err then
    return nil, err
  end
  redis.call('SET', lock, to, 'PX', lease)
  return f
end
