-- mutex.extend v1
local lock, fence, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token = ARGV[1]
if not token then
  return redis.error_reply('BADARG token: missing')
end
if #token < 1 or #token > 512 then
  return redis.error_reply('BADARG token: must have 1 to 512 bytes, has ' .. #token)
end
local lease = ARGV[2]
if not lease then
  return redis.error_reply('BADARG lease: missing')
end
local lease = #lease <= 10 and string.find(lease, '^%d+$') and tonumber(lease, 10)
if not lease or lease < 1 or lease > 2147483647 then
  return redis.error_reply('BADARG lease: must be an integer from 1 to 2147483647')
end
if #KEYS ~= 4 then
  return redis.error_reply('BADARG keys: must be 4, are ' .. #KEYS)
end
if #ARGV > 2 then
  return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local time
local function server_time()
  time = time or redis.pcall('TIME')
  return time
end
local function now_ms()
  local t = server_time()
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local FENCE_RETENTION = 3600000
local FENCE_LIMIT = 9007199254740991
local function counts(value)
  return value and string.find(value, '^[1-9]%d*$')
end
local function next_fence()
  local t = server_time()
  if t.err then
    return nil, t
  end
  local f = t[1] * 1000000 + t[2]
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
local function grant(to, lease)
  local f, err = next_fence()
  if err then
    return nil, err
  end
  redis.call('SET', lock, to, 'PX', lease)
  return f
end
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
local function lease_left()
  local left = redis.call('PTTL', lock)
  return left == -2 and 0 or left
end
local function raise(lease)
  local left = lease_left()
  if left >= lease then
    return left
  end
  redis.call('PEXPIRE', lock, lease)
  return lease
end
local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
  return holder
end
if holder ~= token then
  return {'NOTHELD', redis.call('PTTL', lock)}
end
local f, err = current_fence()
if err then
  return err
end
redis.call('PEXPIRE', fence, FENCE_RETENTION)
return {'EXTENDED', f, raise(lease)}
