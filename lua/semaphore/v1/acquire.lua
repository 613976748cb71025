---@script semaphore.acquire
---@version 1
---Take permits, join the queue, or say how long to wait. Safe to repeat with the same token.
---@key holders zset     `{name}`, token → end of its lease
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key pending  zset    companion `:redilock:pending`, waiting token → arrival number
---@key members  hash    companion `:redilock:members`, token → its record as a holder or as a waiter; the empty field: what is in use
---@arg token     string   1..512 bytes, one per acquisition
---@arg lease     integer  ms, 1..2147483647, how long the server keeps the grant
---@arg limit     integer  1..2147483647, how many permits there are
---@arg weight    integer  1..2147483647 = 1, how many of them; not more than limit
---@arg presence  integer  ms, 0..60000 = 0, how long the server believes the waiter alive; 0: do not queue
---@arg wake      enum     poll|push|broadcast = poll, how an admission tells the waiter
---@arg channel   string   0..512 bytes = "", where it is told
---@arg fences    integer  1..64 = 1, how many numbers the grant should own
---@require channel when wake not poll
---@publish redilock:*, "token fence lease fences" to a waiter that was admitted
---@reply GRANTED fence:integer lease:integer(ms) fences:integer   ours now, or ours already; so many numbers, the last of them fence, are the grant's
---@reply QUEUED  wait:integer(ms) position:integer   in the queue; position 1 is next; wait: until a lease ends, 0: ask again at once
---@reply HELD    wait:integer(ms)                    no room, or others are ahead; wait: until a lease ends, 0: ask again at once
---@error BADARG   an argument is missing or out of its range, or the token has another weight
---@error BADFENCE the fence counter has passed 2^53 - 1

---@arguments

if weight > limit then
  return redis.error_reply('BADARG weight: must not be more than limit')
end

---@include clock
---@include counter
---@include fence
---@include now
---@include number
---@include look
---@include hold
---@include finish

local err, stop, _, record = look(token)
if err and not stop then
  return err
end

-- The path that must be fast: nobody waits and there is room. It comes before the functions that it does not call, because
-- making a function takes time.
local length = stop or redis.pcall('ZCARD', pending)
if type(length) == 'table' then
  return length
end
if length == 0 and fits(weight, limit) then
  local f, owned = grant(token, lease, weight, limit, fences)
  if not f then
    return owned
  end
  finish()
  return {'GRANTED', f, lease, owned}
end

---@include renew
---@include record
---@include keys
---@include queue
---@include tell
---@include admit

-- What a lost reply reserved is not used: a repeat owns one number.
if stop then
  local _, has = read_holder(record)
  if has and has ~= weight then
    return redis.error_reply('BADARG weight: the token holds another')
  end
  local f, kept = renew(token, lease, weight, limit, stop, record)
  if not f then
    return kept
  end
  finish()
  return {'GRANTED', f, kept, 1}
end

local waits = read_record(record)
if waits and waits.weight ~= weight then
  return redis.error_reply('BADARG weight: the token waits for another')
end
local caller = {
  token = token, lease = lease, limit = limit, weight = weight, presence = presence, wake = wake, channel = channel,
  fences = fences,
}
local outcome, failed = admit(caller)
if outcome == 'empty' and not caller.fence and fits(weight, limit) then
  caller.fence, caller.fences = grant(token, lease, weight, limit, fences)
  if not caller.fence then
    outcome, failed = 'error', caller.fences
  end
end
local position
if outcome ~= 'error' and not caller.fence and presence > 0 then
  failed = drop()
  if not failed then
    position, failed = stand(caller)
  end
  touched = touched or last_limit ~= limit
  last_limit = limit
end
failed = finish() or failed
if caller.fence then
  return {'GRANTED', caller.fence, lease, caller.fences}
end
if failed then
  return failed
end
local wait = outcome == 'more' and 0 or next_end()
if position then
  return {'QUEUED', wait, position}
end
return {'HELD', wait}
