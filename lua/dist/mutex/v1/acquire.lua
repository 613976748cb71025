-- mutex.acquire v1
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
local presence = ARGV[3] or '0'
local presence = #presence <= 5 and string.find(presence, '^%d+$') and tonumber(presence, 10)
if not presence or presence > 60000 then
  return redis.error_reply('BADARG presence: must be an integer from 0 to 60000')
end
local wake = ARGV[4] or 'poll'
if wake ~= 'poll' and wake ~= 'push' and wake ~= 'broadcast' then
  return redis.error_reply('BADARG wake: must be poll, push or broadcast')
end
local channel = ARGV[5] or ''
if #channel > 512 then
  return redis.error_reply('BADARG channel: must have 0 to 512 bytes, has ' .. #channel)
end
if channel == '' and wake ~= 'poll' then
  return redis.error_reply('BADARG channel: must be named when wake is not poll')
end
if #KEYS ~= 4 then
  return redis.error_reply('BADARG keys: must be 4, are ' .. #KEYS)
end
if #ARGV > 5 then
  return redis.error_reply('BADARG arguments: must be 5 at most, are ' .. #ARGV)
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
local set = redis.call('EXISTS', queue) == 0 and redis.pcall('SET', lock, token, 'NX', 'PX', lease)
if set and set.ok then
  local f, err = next_fence()
  if err then
    redis.call('DEL', lock)
    return err
  end
  return {'GRANTED', f, lease}
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
local QUEUE_RETENTION = 120000
local function stand(who, place, lease, presence, wake, channel)
  local t = server_time()
  if t.err then
    return nil, t
  end
  local score = redis.pcall('ZSCORE', queue, who)
  if type(score) == 'table' then
    return nil, score
  end
  local record = string.format('%.0f %d %s ', now_ms() + presence, math.min(lease, presence), wake) .. channel
  local written = redis.pcall('HSET', waiters, who, record)
  if type(written) == 'table' then
    return nil, written
  end
  if not score then
    if not place then
      local last = redis.call('ZREVRANGE', queue, 0, 0, 'WITHSCORES')
      place = last[2] and tonumber(last[2]) + 1 or 1
    end
    redis.call('ZADD', queue, place, who)
  end
  redis.call('PEXPIRE', queue, QUEUE_RETENTION)
  redis.call('PEXPIRE', waiters, QUEUE_RETENTION)
  return redis.call('ZRANK', queue, who) + 1
end
local function leave(who)
  redis.call('ZREM', queue, who)
  redis.pcall('HDEL', waiters, who)
end
local RECORD = '^(%d+) ([1-9]%d?%d?%d?%d?) (%l+) (.*)$'
local SWEEP = 64
local function tell(to, f, lease, wake, channel)
  local receivers = redis.pcall('PUBLISH', channel, to .. string.format(' %.0f %d', f, lease))
  return wake == 'broadcast' or receivers ~= 0
end
local function hand_off(caller, caller_lease, own_channel)
  local t = server_time()
  if t.err then
    return 'error', t
  end
  for _ = 1, SWEEP do
    local head = redis.pcall('ZRANGE', queue, 0, 0)
    if head.err then
      return 'error', head
    end
    local who = head[1]
    if not who then
      return 'empty'
    end
    local record = redis.pcall('HGET', waiters, who)
    if type(record) == 'table' then
      return 'error', record
    end
    local presence_end, lease, wake, channel = string.match(record or '', RECORD)
    if who == caller then
      lease = caller_lease
    elseif not lease or tonumber(presence_end) < now_ms() then
      lease = nil
    end
    if lease then
      lease = tonumber(lease)
      local f, err = grant(who, lease)
      if err then
        return 'error', err
      end
      leave(who)
      if who == caller or wake == 'poll' then
        return 'granted', who, f, lease, false
      end
      if channel == own_channel then
        return 'granted', who, f, lease, true
      end
      if tell(who, f, lease, wake, channel) then
        return 'granted', who, f, lease, false
      end
      redis.call('DEL', lock)
    else
      leave(who)
    end
  end
  return 'more'
end
local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
  return holder
end
if holder == token then
  local f, err = current_fence()
  if err then
    return err
  end
  return {'GRANTED', f, raise(lease)}
end
if not holder then
  local outcome, who, f = hand_off(token, lease)
  if outcome == 'error' then
    return who
  end
  if outcome == 'granted' and who == token then
    return {'GRANTED', f, lease}
  end
  if outcome == 'empty' then
    local mine, err = grant(token, lease)
    if err then
      return err
    end
    return {'GRANTED', mine, lease}
  end
end
if presence > 0 then
  local position, err = stand(token, nil, lease, presence, wake, channel)
  if err then
    return err
  end
  return {'QUEUED', lease_left(), position}
end
return {'HELD', lease_left()}
