-- Fences grow with every grant. A counter that is new (first use, collected, flushed, lost in a restart) goes on from
-- the server's clock in microseconds: time moves on faster than one grant per microsecond.

local FENCE_RETENTION = 3600000 -- ms
local FENCE_LIMIT = 9007199254740991 -- 2^53 - 1: past it a Lua number is no longer exact

-- The next fence, or nil and the error to answer with.
local function next_fence()
  local f = redis.pcall('INCR', fence)
  if type(f) == 'table' then
    return nil, f
  end
  if f <= 1 then
    local us = now_us()
    redis.call('SET', fence, us, 'PX', FENCE_RETENTION)
    f = tonumber(us, 10)
  end
  if f > FENCE_LIMIT then
    return nil, redis.error_reply('BADFENCE the fence counter has passed 2^53 - 1')
  end
  return f
end

-- The fence of the grant that stands. When its counter is gone the holder gets a new, higher one.
local function current_fence()
  local f = redis.pcall('GET', fence)
  if type(f) == 'table' then
    return nil, f
  end
  -- Only what INCR makes is a counter: tonumber takes 'nan', '1e3' and ' 7' as well.
  local number = f and string.find(f, '^[1-9]%d*$') and tonumber(f, 10)
  if not number or number > FENCE_LIMIT then
    return next_fence()
  end
  return number
end
