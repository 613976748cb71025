---@script idiom.capped_log
---@version 1
---Keep the last lines of a log.
---@key log list `{name}`
---@arg line string 1..1024 bytes
---@arg keep integer 1..10000
---@repeat unsafe
---@return integer
---@error BADARG an argument is wrong
---@example "k" | "x" "5" => 1

---@arguments

redis.call('LPUSH', log, line)
redis.call('LTRIM', log, 0, keep - 1)
return redis.call('LLEN', log)
