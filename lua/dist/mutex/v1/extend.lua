---@script mutex.extend
---@version 1
---Raise the lease of a lock that is ours. Never shortens it, so it is safe to repeat and to come late.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence deadline, grant, wake, channel
---@arg token  string   1..512 bytes, the one that acquired
---@arg lease  integer  ms, 1..2147483647, what must be left of the lease at least
---@reply EXTENDED fence:integer lease_left:integer(ms)  still ours
---@reply NOTHELD  holder_pttl:integer(ms)               not ours any more; -1: held by a key without expiry, -2: by nobody
---@error BADARG   an argument is missing or out of its range
---@error BADFENCE the fence counter has passed 2^53 - 1

local lock, fence, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

-- Arguments are checked before anything is written, so a bad one changes nothing.
-- The first complaint is kept; the script answers it as BADARG.

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

-- Only plain decimal digits: tonumber alone takes '0x10', '1e3' and ' 7 ' as well.
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

local token = text('token', ARGV[1], 1, 512)
local lease = integer('lease', ARGV[2], 1, 2147483647)
count(4, 2)
if complaint then
  return redis.error_reply('BADARG ' .. complaint)
end

-- The server's clock, read at most once a call: it moves inside a script on Redis 7.0 and stands still since 7.2.

local time

-- Seconds and microseconds, or the error to answer with: an ACL may lack TIME.
local function server_time()
  time = time or redis.pcall('TIME')
  return time
end

local function now_ms()
  local t = server_time()
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
-- Fences grow with every grant: each is the server's clock in microseconds, or one more than the last where the clock is not
-- past it. So they grow as well when the counter is gone (collected, flushed) or set back (a snapshot, a replica that had
-- not heard of the last grants): time moves on faster than one grant per microsecond.

local FENCE_RETENTION = 3600000 -- ms
local FENCE_LIMIT = 9007199254740991 -- 2^53 - 1: past it a Lua number is no longer exact

-- Whether that is a counter: only plain decimals are. tonumber takes 'nan', '1e3' and ' 7' as well.
local function counts(value)
  return value and string.find(value, '^[1-9]%d*$')
end

-- The next fence, or nil and the error to answer with.
local function next_fence()
  local t = server_time()
  if t.err then
    return nil, t
  end
  local f = t[1] * 1000000 + t[2] -- redis.call sends all digits of a number, tostring() would not
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

-- Gives the free lock to a token. Returns the grant's fence, or nil and the error to answer with. The fence comes first,
-- so that an error on it needs no undoing.
local function grant(to, lease)
  local f, err = next_fence()
  if err then
    return nil, err
  end
  redis.call('SET', lock, to, 'PX', lease)
  return f
end
-- The grant that stands: its fence, and what is left of its lease.

-- The fence of the grant that stands. When its counter is gone the holder gets a new, higher one.
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
-- So that a lock that is held for long keeps the fence it was granted with.
redis.call('PEXPIRE', fence, FENCE_RETENTION)
return {'EXTENDED', f, raise(lease)}
