---@script semaphore.inspect
---@version 1
---Who holds permits, and who waits for them. Writes nothing.
---@key holders zset     `{name}`, token → end of its lease
---@key fence    counter companion `:redilock:fence`, the last fence given out
---@key pending  zset    companion `:redilock:pending`, waiting token → arrival number
---@key members  hash    companion `:redilock:members`, token → its record as a holder or as a waiter; the empty field: what is in use
---@arg rows  integer  0..1000 = 10, holders to list, and waiters
---@readonly
---@reply STATUS used:integer limit:integer held:integer recorded:integer queued:integer time:integer holders:list(token:string fence:integer weight:integer lease_left:integer(ms)) waiters:list(token:string weight:integer limit:integer presence_left:integer(ms))  used: permits in use; limit: the last that was asked for, 0: none; held: holders, of which recorded have a record (while they differ nothing is granted); time: the server's, in µs; holders by the end of their leases, waiters in their order
---@error BADARG an argument is out of its range

---@arguments

---@include clock
---@include counter
---@include now
---@include number
---@include record
---@include look

local err = look('')
if err then
  return err
end
local queued = redis.pcall('ZCARD', pending)
if type(queued) == 'table' then
  return queued
end

-- A holder whose record was lost is in no sum that is shown.
local recorded = math.max(count - math.floor(used / UNKNOWN), 0)
local list = {}
local live = rows > 0 and redis.call('ZRANGEBYSCORE', holders, now_ms(), '+inf', 'WITHSCORES', 'LIMIT', 0, rows) or {}
for i = 1, #live, 2 do
  local f, weight = read_holder(redis.call('HGET', members, live[i]))
  list[#list + 1] = {live[i], f or 0, weight or 0, lease_of(live[i + 1]) - now_ms()}
end
local line = {}
for i, who in ipairs(rows > 0 and redis.call('ZRANGE', pending, 0, rows - 1) or {}) do
  local w = read_record(redis.call('HGET', members, who)) or {weight = 0, limit = 0, presence_end = 0}
  local left = math.min(math.max(w.presence_end - now_ms(), 0), LONGEST_LEASE)
  line[i] = {who, w.weight, w.limit, left}
end
return {'STATUS', used % UNKNOWN, last_limit, size, recorded, queued, now_us(), list, line}
