---@script queue.done
---@version 1
---Finish a batch of jobs.
---@key pending list `{name}`, the jobs that wait
---@key running hash companion `:running`, job → when it is given up, in ms
---@key known set companion `:known`, the jobs that are not done
---@arg jobs... string 1..1024 bytes, one each
---@repeat safe
---@return strings, those that had been given up
---@error BADARG an argument is missing or out of its range

---@arguments

local late = {}
for _, job in ipairs(jobs) do
  if redis.call('HDEL', running, job) == 0 then
    late[#late + 1] = job
    redis.call('LREM', pending, 1, job)
  end
  redis.call('SREM', known, job)
end
return late
