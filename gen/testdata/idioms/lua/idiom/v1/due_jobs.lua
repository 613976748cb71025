---@script idiom.due_jobs
---@version 1
---Move jobs that are due into a queue.
---@key delayed zset `{name}`
---@key ready list companion `:ready`
---@arg limit integer 1..1000
---@return integer
---@error BADARG an argument is wrong
---@example "k" "{k}:ready" | "10" => 0

---@arguments

local t = redis.call('TIME')
local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', t[1], 'LIMIT', 0, limit)
for _, job in ipairs(due) do
  redis.call('ZREM', delayed, job)
  redis.call('RPUSH', ready, job)
end
return #due
