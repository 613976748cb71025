---@script mutex.inspect
---@version 1
---Who holds the lock, and who waits for it. Writes nothing.
---@key lock     string  `{name}` 1..1024 bytes, the holder's token
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence end, lease, fences, wake, channel
---@arg limit  integer  0..1000 = 10, waiters to list
---@readonly
---@reply STATUS holder:string holder_pttl:integer(ms) fence:integer time:integer queued:integer waiters:list(token:string presence_left:integer(ms))  holder_pttl -2: held by nobody, -1: by a key without expiry; fence 0: no counter; time: the server's, in µs, so time - fence is about how long ago the last grant was
---@error BADARG an argument is out of its range

---@arguments

---@include clock
---@include counter
---@include now
---@include number

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

-- Numbers that no script of ours wrote must not become others on the way: a reply holds 64 bits.
local list = {}
for i, who in ipairs(limit > 0 and redis.call('ZRANGE', queue, 0, limit - 1) or {}) do
  local record = redis.pcall('HGET', waiters, who)
  if type(record) == 'table' then
    return record
  end
  local presence_end = number_of(string.match(record or '', '^(%d+) ') or '0', FENCE_LIMIT)
  list[i] = {who, math.min(math.max(presence_end - now_ms(), 0), LONGEST_LEASE)}
end
local counter = f and string.find(f, COUNTER) and #f <= 16 and tonumber(f, 10) or 0
if counter > FENCE_LIMIT then
  counter = 0
end
return {'STATUS', holder or '', redis.call('PTTL', lock), counter, now_us(), queued, list}
