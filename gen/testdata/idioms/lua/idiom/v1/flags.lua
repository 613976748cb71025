---@script idiom.flags
---@version 1
---A bit for each day.
---@key days string `{name}`
---@arg day integer 0..366
---@return integer, how many days there were
---@error BADARG an argument is wrong
---@example "k" | "5" => 1

---@arguments

redis.call('SETBIT', days, day, 1)
return redis.call('BITCOUNT', days)
