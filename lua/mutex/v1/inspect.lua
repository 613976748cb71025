---@script mutex.inspect
---@version 1
---Who holds the lock, and who waits for it. Writes nothing.
---@key lock     string  `{name}`, the holder's token
---@key fence    counter companion `:redilock:fence`
---@key queue    zset    companion `:redilock:queue`, token → arrival number
---@key waiters  hash    companion `:redilock:waiters`, token → presence deadline, grant, wake, channel
---@arg limit  integer  0..1000 = 10, waiters to list
---@readonly
---@reply STATUS holder:string holder_pttl:integer(ms) fence:integer queued:integer waiters:list(token:string presence_left:integer(ms))  holder_pttl -2: held by nobody, -1: by a key without expiry; fence 0: no counter
---@error BADARG an argument is out of its range

---@arguments

---@include clock

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
