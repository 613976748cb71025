-- Fences grow with every grant: each is the server's clock in microseconds, or one more than the last where the clock is not
-- past it. So they grow as well when the counter is gone (collected, flushed) or set back (a snapshot, a replica that had
-- not heard of the last grants): time moves on faster than one grant per microsecond.

local FENCE_RETENTION = 3600000 -- ms
local FENCE_LIMIT = 9007199254740991 -- 2^53 - 1: past it a Lua number is no longer exact

-- Whether that is a counter: only plain decimals are. tonumber takes 'nan', '1e3' and ' 7' as well.
local function counts(value)
  return value and string.find(value, '^[1-9]%d*$')
end

-- The next fence, or nil and the error to answer with.
local function next_fence()
  local t = server_time()
  if t.err then
    return nil, t
  end
  local f = t[1] * 1000000 + t[2] -- redis.call sends all digits of a number, tostring() would not
  local last = redis.pcall('SET', fence, f, 'PX', FENCE_RETENTION, 'GET')
  if type(last) == 'table' then
    return nil, last
  end
  local before = tonumber(last or 0)
  if not before or before < f or not counts(last) then
    return f
  end
  if before >= FENCE_LIMIT then
    redis.call('SET', fence, last)
    return nil, redis.error_reply('BADFENCE the fence counter has passed 2^53 - 1')
  end
  redis.call('SET', fence, before + 1, 'PX', FENCE_RETENTION)
  return before + 1
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
