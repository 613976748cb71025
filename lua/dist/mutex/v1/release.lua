---@script mutex.release
---@version 1
---Give the lock, or the place in its queue, back. The lock goes to the first live waiter in the same call. A successor
---takes the caller's turn behind those who wait. Safe to repeat with the same token and successor.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence deadline, grant, wake, channel
---@arg token      string   1..512 bytes, the one that acquired
---@arg channel    string   0..512 bytes = "", the caller's own: who listens on it is told by the caller
---@arg successor  string   0..512 bytes = "", the token that is to have the caller's next turn
---@arg lease      integer  ms, 0..2147483647 = 0, the successor's; 0 only without one
---@arg presence   integer  ms, 0..60000 = 0, the successor's; 0 only without one
---@arg wake       enum     poll|push|broadcast = poll, the successor's
---@publish redilock:*, "token fence lease" to the waiter that got the lock
---@reply RELEASED position:integer                              it was ours; the successor stands at this position (0: it is not queued)
---@reply HANDED   token:string fence:integer lease:integer(ms)  it was ours and is this token's now; the caller tells it
---@reply LEFT     position:integer                              we stood in the queue; the successor has our place
---@reply NOTHELD                                                neither
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
local channel = text('channel', ARGV[2], 0, 512, '')
local successor = text('successor', ARGV[3], 0, 512, '')
local least = successor == '' and 0 or 1
local lease = integer('lease', ARGV[4], least, 2147483647, '0')
local presence = integer('presence', ARGV[5], least, 60000, '0')
local wake = wake_mode(ARGV[6], channel)
if successor == token then
  refuse('successor', 'must not be the token itself')
end
count(4, 6)
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

local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
  return holder
end

if holder == token then
  -- The path that must be fast: nobody waits at the server. It comes before the functions that it does not call.
  if redis.call('EXISTS', queue) == 0 then
    if successor == '' then
      redis.call('DEL', lock)
      return {'RELEASED', 0}
    end
    local f = grant(successor, lease)
    if f then
      return {'HANDED', successor, f, lease}
    end
  end
  -- Before anything else that writes: a server that is out of memory refuses what may grow until something has shrunk.
  redis.call('DEL', lock)
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

if holder == token then
  local heir = successor ~= '' and successor -- never the empty member that somebody put into the queue
  local outcome, who, f, granted, untold = hand_off(heir, lease, channel)
  if outcome == 'empty' and successor ~= '' then
    local mine = grant(successor, lease)
    if mine then
      return {'HANDED', successor, mine, lease}
    end
  end
  -- The successor was queued itself, and is the first live waiter.
  if who == heir then
    return {'HANDED', successor, f, granted}
  end
  -- The lock is given back whatever is wrong with a companion key: the waiters meet that error when they ask.
  local position = successor ~= '' and stand(successor, nil, lease, presence, wake, channel) or 0
  if untold then
    return {'HANDED', who, f, granted}
  end
  return {'RELEASED', position}
end

local place = redis.pcall('ZSCORE', queue, token)
if type(place) == 'table' then
  return place
end

if place then
  leave(token)
  if successor == '' then
    -- Who leaves a free lock's queue was perhaps the one to find out: the next one must not wait for it.
    if not holder then
      hand_off()
    end
    return {'LEFT', 0}
  end
  if holder ~= successor then
    return {'LEFT', stand(successor, place, lease, presence, wake, channel) or 0}
  end
end

-- The successor has the lock, or a place of its own. A repeat of a call whose reply was lost answers as the first did.
if successor ~= '' then
  if holder == successor then
    local f, err = current_fence()
    if err then
      return err
    end
    return {'HANDED', successor, f, raise(lease)}
  end
  local position = redis.call('ZRANK', queue, successor)
  if position then
    return {'RELEASED', position + 1}
  end
end
return {'NOTHELD'}
