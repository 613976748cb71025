-- How holders come and go.

-- Removes who is gone. Returns the error to answer with.
local function drop()
  if gone[1] then
    local removed = redis.pcall('ZREM', holders, unpack(gone))
    if type(removed) == 'table' then
      return removed
    end
    redis.pcall('HDEL', members, unpack(gone))
    gone, touched, moved = {}, true, true
  end
end

local function fits(w)
  return known and count == size and used + w.weight <= w.limit
end

-- Makes a token a holder. Returns its fence and how many numbers it owns, or nil and the error to answer with: then nothing
-- has changed, because the fence comes first.
local function grant(w)
  local f, owned = next_fence(w.lease, w.fences)
  if not f then
    return nil, owned
  end
  drop()
  local new = redis.call('ZADD', holders, string.format('%.0f', now_ms() + w.lease), w.token)
  size, count, used, last_limit = size + new, count + new, used + new * w.weight, w.limit
  redis.call('HSET', members, '', state(), w.token, string.format('%.0f %d %d', f, w.weight, w.limit))
  touched, moved = true, true
  return f, owned
end

-- Takes a grant back: no message reached its token.
local function take_back(w)
  redis.call('ZREM', holders, w.token)
  redis.call('HDEL', members, w.token)
  size, count, used = size - 1, count - 1, used - w.weight
end

-- Keeps holders until the latest lease ends, and the records for as long. Redis deletes a key at once whose time is now.
local function keep()
  local latest = redis.call('ZREVRANGE', holders, 0, 0, 'WITHSCORES')
  local stop = lease_of(latest[2])
  if stop then
    redis.call('PEXPIREAT', holders, string.format('%.0f', math.max(stop, now_ms() + 1)))
    if known then
      retain_members(stop - now_ms())
    end
  end
end

-- Raises a lease to `lease` ms at least, and never shortens it; a record that was lost is restored if the weight is not 0.
-- Returns the fence and what is left of the lease, or nil and the error to answer with: then nothing has changed.
local function renew(w, stop, record)
  local left = stop - now_ms()
  local kept = math.max(left, w.lease)
  local f = read_holder(record)
  local had, err = f, redis.pcall('GET', fence)
  if type(err) == 'table' then
    return nil, err
  end
  if had then
    err = retain_fence(kept)
  else
    f, err = next_fence(kept, 1)
  end
  if type(err) == 'table' then
    return nil, err
  end
  redis.call('ZADD', holders, string.format('%.0f', now_ms() + kept), w.token)
  moved = true
  if not had and w.weight > 0 and known then
    count, used, last_limit, touched = count + 1, used + w.weight, w.limit, true
    redis.call('HSET', members, w.token, string.format('%.0f %d %d', f, w.weight, w.limit))
  end
  return f, kept
end
