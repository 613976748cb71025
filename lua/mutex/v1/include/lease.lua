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
