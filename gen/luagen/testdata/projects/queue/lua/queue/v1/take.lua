---@script queue.take
---@version 1
---Take some jobs, which come back unless they are done in time.
---@key pending list `{name}`, the jobs that wait
---@key running hash companion `:running`, job → when it is given up, in ms
---@key known set companion `:known`, the jobs that are not done
---@arg most integer 1..1000
---@arg lease integer ms, 1..3600000
---@repeat unsafe
---@return list(job:string, until:integer)
---@error BADARG an argument is missing or out of its range
---@example "q" "{q}:running" "{q}:known" | "10" "1000" => []

---@arguments

local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local all = redis.call('HGETALL', running)
for i = 1, #all, 2 do
  if tonumber(all[i + 1]) <= now then
    redis.call('HDEL', running, all[i])
    if redis.call('SISMEMBER', known, all[i]) == 1 then
      redis.call('LPUSH', pending, all[i])
    end
  end
end
local rows = {}
for _, job in ipairs(redis.call('LPOP', pending, most) or {}) do
  redis.call('HSET', running, job, string.format('%.0f', now + lease))
  rows[#rows + 1] = {job, now + lease}
end
return rows
