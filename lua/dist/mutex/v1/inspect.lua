-- mutex.inspect v1
local lock, fence, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local complaint
local function refuse(name, why)
  complaint = complaint or (name .. ': ' .. why)
end
local function text(name, value, min, max, default)
  value = value or default
  if not value then
    refuse(name, 'missing')
  elseif #value < min or #value > max then
    refuse(name, string.format('must have %d to %d bytes, has %d', min, max, #value))
  end
  return value
end
local function integer(name, value, min, max, default)
  value = value or default
  if not value then
    return refuse(name, 'missing')
  end
  local number = string.find(value, '^%d+$') and #value <= 10 and tonumber(value, 10)
  if not number or number < min or number > max then
    return refuse(name, string.format('must be an integer from %d to %d', min, max))
  end
  return number
end
local function wake_mode(value, channel)
  value = value or 'poll'
  if value ~= 'poll' and value ~= 'push' and value ~= 'broadcast' then
    refuse('wake', 'must be poll, push or broadcast')
  elseif value ~= 'poll' and channel == '' then
    refuse('channel', 'must be named when wake is not poll')
  end
  return value
end
local function count(keys, args)
  if #KEYS ~= keys then
    refuse('keys', string.format('must be %d, are %d', keys, #KEYS))
  elseif #ARGV > args then
    refuse('arguments', string.format('must be %d at most, are %d', args, #ARGV))
  end
end
local limit = integer('limit', ARGV[1], 0, 1000, '10')
count(4, 1)
if complaint then
  return redis.error_reply('BADARG ' .. complaint)
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
local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
  return holder
end
local f = redis.pcall('GET', fence)
if type(f) == 'table' then
  return f
end
local queued = redis.pcall('ZCARD', queue)
if type(queued) == 'table' then
  return queued
end
local t = server_time()
if t.err then
  return t
end
local list = {}
for i, who in ipairs(limit > 0 and redis.call('ZRANGE', queue, 0, limit - 1) or {}) do
  local record = redis.pcall('HGET', waiters, who)
  if type(record) == 'table' then
    return record
  end
  local presence_end = string.match(record or '', '^(%d+) ')
  list[i] = {who, presence_end and math.max(tonumber(presence_end) - now_ms(), 0) or 0}
end
local counter = f and string.find(f, '^[1-9]%d*$') and tonumber(f, 10) or 0
return {'STATUS', holder or '', redis.call('PTTL', lock), counter, queued, list}
