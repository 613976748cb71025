-- How holders come and go.

local RETENTION = 120000 -- ms; twice the longest presence

-- Raises how long the records are kept, never shortens it: beyond the latest lease, of which `left` ms are left, and beyond the
-- presence of who waits. A new hash has no expiry yet.
local function retain_members(left)
  local ms = left + RETENTION
  if redis.call('PEXPIRE', members, ms, 'GT') == 0 and fresh then
    redis.call('PEXPIRE', members, ms, 'NX')
  end
end

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

local function fits(weight, limit)
  return known and count == size and used + weight <= limit
end

local function state()
  return string.format('%.0f %.0f %d %s %d', used, count, last_limit, cursor, passes)
end

local function write_holder(who, f, weight, limit)
  redis.call('HSET', members, '', state(), who, string.format('%.0f %d %d', f, weight, limit))
  touched = false
end

-- Makes a token a holder. Returns its fence and how many numbers it owns, or nil and the error to answer with: then nothing
-- has changed, because the fence comes first.
local function grant(who, lease, weight, limit, wish)
  local f, owned = next_fence(lease, wish)
  if not f then
    return nil, owned
  end
  drop()
  local new = redis.call('ZADD', holders, now_ms() + lease, who)
  size, count, used, last_limit, moved = size + new, count + new, used + new * weight, limit, true
  write_holder(who, f, weight, limit)
  return f, owned
end
