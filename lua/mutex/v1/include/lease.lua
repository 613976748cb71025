-- The grant that stands: its fence, and what is left of its lease.

-- What is left of the lock's lease in ms: 0 when nobody holds it, -1 when the key has no expiry.
local function lease_left()
  local left = redis.call('PTTL', lock)
  return left == -2 and 0 or left
end

-- Raises the lease of the grant that stands to at least `lease` ms. A late or repeated call never shortens it. A key
-- without expiry (a PERSIST by somebody else) gets one: no crash may block for ever. The fence's counter is kept for as
-- long; when it is gone the holder gets a new, higher fence.
-- Returns the fence and what is left of the lease, or nil and the error to answer with: then nothing has changed.
local function renew(lease)
  local left = lease_left()
  local kept = math.max(left, lease)
  local f = redis.pcall('GET', fence)
  if type(f) == 'table' then
    return nil, f
  end
  local number = f and string.find(f, COUNTER) and #f <= 16 and tonumber(f, 10)
  if number and number <= FENCE_LIMIT then
    local err = retain_fence(kept)
    if err then
      return nil, err
    end
  else
    local made, err = next_fence(kept, 1)
    if not made then
      return nil, err
    end
    number = made
  end
  if left < lease then
    redis.call('PEXPIRE', lock, lease)
  end
  return number, kept
end
