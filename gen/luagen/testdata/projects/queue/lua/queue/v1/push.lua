---@script queue.push
---@version 1
---Add a batch of jobs, each of them once.
---@key pending list `{name}`, the jobs that wait
---@key running hash companion `:running`, job → when it is given up, in ms
---@key known set companion `:known`, the jobs that are not done
---@arg jobs... string 1..1024 bytes, one each
---@repeat safe
---@return integer, how many were new
---@error BADARG an argument is missing or out of its range
---@example "q" "{q}:running" "{q}:known" | "a" "b" "a" => 2

---@arguments

local new = 0
for _, job in ipairs(jobs) do
  if redis.call('SADD', known, job) == 1 then
    redis.call('RPUSH', pending, job)
    new = new + 1
  end
end
return new
