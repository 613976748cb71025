-- Who holds: a zset of token → end of its lease; for each a record, `fence weight limit`, in the hash of members; and in the
-- empty field of that hash what the holders come to: `used count limit cursor passes`. A lease has ended when the clock is past
-- its end. When the hash was lost each holder counts for more permits than there can be, until it restores its record or has
-- gone. While more or fewer are counted than there are, somebody else removed some. In both cases nothing new is granted: what
-- is in use is not known.

local STATE = '^(%d+) (%d+) (%d+) (%d+) (%d+)$'
local HOLDER = '^([1-9]%d*) ([1-9]%d*) ([1-9]%d*)%S*$'
local UNKNOWN = 2147483648 -- what a holder whose record was lost counts for: one more than the highest limit
local BOUND = 64 -- leases that are over, dead waiters and admissions in one call: a script must not hold up the server

local used, count, last_limit = 0, 0, 0 -- the weights of the holders, their number, and the limit that was asked for last
local cursor, passes = '0', 0 -- of the sweep; how many times it is still to go through the hash
local size -- holders whose lease is not over, as far as was looked
local gone = {} -- holders that this call removes
local many_gone = false -- there may be more of them
local known, fresh = true, nil -- the hash could be read; it has no empty field yet
local touched, moved = false, false -- the empty field is to be written; an end of a lease is another

-- What decimal digits say, to the last number that is exact.
local function exact(digits)
  return #digits <= 16 and math.min(tonumber(digits, 10), FENCE_LIMIT) or FENCE_LIMIT
end

-- The fence, weight and limit of a holder's record. Nil if that is none.
local function read_holder(text)
  local f, weight, limit = string.match(text or '', HOLDER)
  if f then
    return exact(f), number_of(weight, LONGEST_LEASE), number_of(limit, LONGEST_LEASE)
  end
end

-- `there` is how many holders there are. Without an empty field their records were lost.
local function read_state(text, there)
  local u, n, l, c, p = string.match(text or '', STATE)
  if u then
    used, count, last_limit = exact(u), number_of(n, FENCE_LIMIT), number_of(l, LONGEST_LEASE)
    cursor, passes = c, number_of(p, 2)
  else
    used, count = there * UNKNOWN, there
  end
end

-- The end of a token's lease in whole ms, with false if it is over. Nil: it has none.
local function lease_of(score)
  local stop = score and (tonumber(score) or FENCE_LIMIT) -- some engines know no `inf`, which only others write
  if stop then
    return math.floor(math.min(stop, now_ms() + LONGEST_LEASE)), stop >= now_ms()
  end
end

-- A holder goes, and its record with it.
local function forget(record)
  local f, weight = read_holder(record)
  if f or used >= UNKNOWN then
    used, count = math.max(used - (weight or UNKNOWN), 0), math.max(count - 1, 0)
  end
end

-- Nobody holds: then nothing is in use, whatever the records say, because the key vanished or somebody else removed a holder.
-- Records of holders that are left are swept.
local function reset_if_empty()
  if size == 0 and used + count > 0 then
    used, count, passes, touched = 0, 0, cursor == '0' and 1 or 2, true
  end
end

-- Takes a holder whose lease is over for gone, wherever it stands among the others.
local function end_of(who, score)
  local stop, live = lease_of(score)
  if stop and not live then
    gone[#gone + 1] = who
  end
  return live and stop
end

-- Reads what is held: up to 64 holders whose lease is over are taken for gone. Returns the error to answer with, or nil; the
-- ends of the leases of a token and of another (nil or false: it holds nothing); and the records of the two.
local function look(token, other)
  local t = server_time()
  if t.err then
    return t
  end
  local score = redis.pcall('ZSCORE', holders, token)
  if type(score) == 'table' then
    return score
  end
  local stop = end_of(token, score)
  local other_stop = other and end_of(other, redis.call('ZSCORE', holders, other))
  size = redis.call('ZCARD', holders)
  if size > (stop and 1 or 0) then
    local over = redis.call('ZRANGEBYSCORE', holders, '-inf', string.format('(%.0f', now_ms()), 'LIMIT', 0, BOUND)
    many_gone = #over == BOUND
    for _, who in ipairs(over) do
      if who ~= token and who ~= other then
        gone[#gone + 1] = who
      end
    end
  end
  local records = redis.pcall('HMGET', members, '', token, other or token, unpack(gone))
  if records.err then
    known = false
    return records, stop, other_stop
  end
  fresh = not records[1]
  read_state(records[1], size)
  size = size - #gone
  for i = 1, #gone do
    forget(records[i + 3])
  end
  reset_if_empty()
  return nil, stop, other_stop, records[2], records[3]
end

-- In ms, when a lease ends, after which there may be room. 0: one is over that this call did not get to, or there is none.
local function next_end()
  local first = redis.call('ZRANGE', holders, 0, 0, 'WITHSCORES')
  local stop, live = lease_of(first[2])
  return live and stop - now_ms() + 1 or 0
end
