---@script idiom.batch_push
---@version 1
---Push a batch of jobs.
---@key jobs list `{name}`
---@arg payloads... string 1..1024 bytes, each is one job
---@repeat unsafe
---@return integer
---@error BADARG an argument is wrong
---@example "k" | "a" "b" "c" => 3

---@arguments

return redis.call('RPUSH', jobs, unpack(payloads))
