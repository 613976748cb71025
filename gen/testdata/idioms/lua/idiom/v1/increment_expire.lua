---@script idiom.increment_expire
---@version 1
---Count, with an expiry from the first on.
---@key counter counter `{name}`
---@arg span integer ms, 1..3600000
---@repeat unsafe
---@return integer
---@error BADARG an argument is wrong
---@example "k" | "1000" => 1

---@arguments

local n = redis.call('INCR', counter)
if n == 1 then redis.call('PEXPIRE', counter, span) end
return n
