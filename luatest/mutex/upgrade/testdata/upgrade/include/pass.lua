-- Who gets the lock, and who waits for it.

local given -- how many numbers the caller's grant owns, if it was made by this call

-- Grants the lock. Returns the grant's last number, and how many are its own.
local function give(to, lease, wish)
  local last = redis.call('GET', fence)
  local n = last and math.max(us, tonumber(last, 10) + 1) or us
  local left = redis.call('PTTL', fence)
  redis.call('SET', fence, string.format('%.0f', n), 'PX', math.max(left, lease, 3600000))
  redis.call('SET', lock, to, 'PX', lease)
  redis.call('ZREM', queue, to)
  redis.call('HDEL', waiters, to)
  return n, last and math.min(wish, n - tonumber(last, 10)) or 1
end

-- A record has one more word than version 1's, behind the wake mode.
local function line(presence, lease, fences, wake, channel)
  local words = string.format('%.0f %d %d %s;x ', ms + presence, math.min(lease, math.max(presence, 1)), fences, wake)
  return words .. channel
end

-- Gives a lock that is free to the first who is alive, if there is one. Who asks is alive, whatever its record says, and gets
-- what it asks for.
local function pass_on(asker, asked, wished)
  while true do
    local first = redis.call('ZRANGE', queue, '0', '0')[1]
    if not first then
      return
    end
    if first == asker then
      local _, owned = give(first, asked, wished)
      given = owned
      return
    end
    local ends, lease, wish, wake, channel =
      string.match(redis.call('HGET', waiters, first) or '', '^(%d+) (%d+) (%d+) ([^; ]+)%S* (.*)$')
    if ends and tonumber(ends, 10) >= ms then
      local n, owned = give(first, tonumber(lease, 10), tonumber(wish, 10))
      if wake == 'poll' then
        return
      end
      local heard = redis.call('PUBLISH', channel, first .. string.format(' %.0f %d %d', n, tonumber(lease, 10), owned))
      if heard > 0 or wake ~= 'push' then
        return
      end
      redis.call('DEL', lock)
    else
      redis.call('ZREM', queue, first)
      redis.call('HDEL', waiters, first)
    end
  end
end
