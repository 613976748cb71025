-- The grant that stands: its fence, and what is left of its lease.

-- The fence of the grant that stands. When its counter is gone the holder gets a new, higher one.
local function current_fence()
  local f = redis.pcall('GET', fence)
  if type(f) == 'table' then
    return nil, f
  end
  local number = counts(f) and tonumber(f, 10)
  if not number or number > FENCE_LIMIT then
    return next_fence()
  end
  return number
end

-- What is left of the lock's lease in ms: 0 when nobody holds it, -1 when the key has no expiry.
local function lease_left()
  local left = redis.call('PTTL', lock)
  return left == -2 and 0 or left
end

-- Raises the lease of the lock to at least `lease` ms, and returns what is left of it. A late or repeated call never
-- shortens it. A key without expiry (a PERSIST by somebody else) gets one: no crash may block for ever.
local function raise(lease)
  local left = lease_left()
  if left >= lease then
    return left
  end
  redis.call('PEXPIRE', lock, lease)
  return lease
end
