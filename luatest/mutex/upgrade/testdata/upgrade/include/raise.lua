-- Raises the lease to what is asked for, and the counter's retention with it. Returns what is left.
local function raise(lease)
  local left = math.max(redis.call('PTTL', lock), lease)
  redis.call('PEXPIRE', lock, left)
  redis.call('PEXPIRE', fence, math.max(redis.call('PTTL', fence), left, 3600000))
  return left
end
