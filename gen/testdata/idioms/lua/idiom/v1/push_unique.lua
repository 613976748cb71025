---@script idiom.push_unique
---@version 1
---Queue a job that is not queued.
---@key jobs list `{name}`
---@key known set companion `:known`
---@arg job string 1..64 bytes
---@return boolean
---@error BADARG an argument is wrong
---@example "k" "{k}:known" | "a" => 1

---@arguments

local new = redis.call('SADD', known, job) == 1
if new then
  redis.call('LPUSH', jobs, job)
end
return new
