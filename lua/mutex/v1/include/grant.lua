-- Gives the lock to a token, whoever had it. Returns what next_fence does. The fence comes first, so that an error on it
-- needs no undoing.
local function grant(to, lease, wish)
  local f, fences, ago = next_fence(lease, wish)
  if f then
    redis.call('SET', lock, to, 'PX', lease)
  end
  return f, fences, ago
end
