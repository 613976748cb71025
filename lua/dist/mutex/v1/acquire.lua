---@script mutex.acquire
---@version 1
---Take the lock, join its queue, or say how long it is held. Safe to repeat with the same token.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence deadline, grant, wake, channel
---@arg token     string   1..512 bytes, one per acquisition
---@arg lease     integer  ms, 1..2147483647, how long the server keeps the grant
---@arg presence  integer  ms, 0..60000 = 0, how long the server believes the waiter alive; 0: do not queue
---@arg wake      enum     poll|push|broadcast = poll, how a hand-off tells the waiter
---@arg channel   string   0..512 bytes = "", where it is told; needed unless wake is poll
---@publish redilock:*, "token fence lease" to the waiter that got the lock
---@reply GRANTED fence:integer lease:integer(ms)            ours now, or ours already
---@reply QUEUED  holder_pttl:integer(ms) position:integer   in the queue; position 1 is next, holder_pttl 0: ask again at once
---@reply HELD    holder_pttl:integer(ms)                    somebody has it, or live waiters are ahead; -1: a key without expiry
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
local presence = integer('presence', ARGV[3], 0, 60000, '0')
local channel = text('channel', ARGV[5], 0, 512, '')
local wake = wake_mode(ARGV[4], channel)
count(4, 5)
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

-- The path that must be fast: nobody waits and the lock is free. It comes before the functions that it does not call,
-- because making a function takes time. A server that is out of memory refuses the SET even where it would set nothing,
-- and its holder must hear that it holds: so the error is left to those who want a grant.
local set = redis.call('EXISTS', queue) == 0 and redis.pcall('SET', lock, token, 'NX', 'PX', lease)
if set and set.ok then
  local f, err = next_fence()
  if err then
    redis.call('DEL', lock)
    return err
  end
  return {'GRANTED', f, lease}
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
-- The queue: who waits (a zset of token → arrival number) and what the server knows of each (a hash of token →
-- presence deadline, grant, wake, channel). Any queued primitive can share it.

local QUEUE_RETENTION = 120000 -- ms; twice the longest presence

-- Puts a waiter into the queue, or renews it where it stands. `place` is the arrival number of a newcomer; without
-- one it goes to the tail. Returns its position (1 = next), or nil and the error to answer with. The hash is written
-- first: should it be of a wrong type, nothing has changed.
local function stand(who, place, lease, presence, wake, channel)
  local t = server_time()
  if t.err then
    return nil, t
  end
  local score = redis.pcall('ZSCORE', queue, who)
  if type(score) == 'table' then
    return nil, score
  end
  -- The channel stays out of the format: %s ends at a NUL byte.
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

-- Leaving succeeds even if the waiters key has a wrong type.
local function leave(who)
  redis.call('ZREM', queue, who)
  redis.pcall('HDEL', waiters, who)
end
-- Hand-off: the free lock goes to the first live waiter, in the script that found it free.

-- What stand() wrote. Whatever else somebody put there is the record of nobody alive: a lease of 0 could not be SET.
local RECORD = '^(%d+) ([1-9]%d?%d?%d?%d?) (%l+) (.*)$'
local SWEEP = 64 -- dead waiters dropped in one call at the most: a script must not hold up the server

-- Tells a waiter that it has the lock. False: its process is gone.
local function tell(to, f, lease, wake, channel)
  -- The token stays out of the format: %s ends at a NUL byte.
  local receivers = redis.pcall('PUBLISH', channel, to .. string.format(' %.0f %d', f, lease))
  -- An error (an ACL without this channel) says nothing of the waiter, which still polls; nor does a count of zero in
  -- a cluster, where it covers one node alone.
  return wake == 'broadcast' or receivers ~= 0
end

-- Grants the free lock to the first live waiter and returns an outcome:
--   'granted', its token, fence, lease, and whether it still has to be told by the caller
--   'empty'   nobody waits
--   'more'    as many dead waiters were dropped as one call may, and others are left
--   'error', the error to answer with: nothing was granted
-- `caller` (of a release: its successor) is alive whatever its presence says, and gets `caller_lease` in full: this call's
-- reply tells it. A waiter that listens on `own_channel` is told by the caller, without a message.
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

-- Free, but with a queue: a newcomer never overtakes a live waiter.
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
