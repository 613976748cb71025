---@script counter.add
---@version 1
---Add to a counter, which expires when nobody has added for a while.
---@key counter counter `{name}`
---@arg by integer 1..1000000 = 1, what to add
---@arg expiry integer ms, 1..86400000 = 3600000, from the last addition on
---@repeat unsafe
---@return integer, the new total
---@error BADARG an argument is missing or out of its range
---@example "visits" | "5" "1000" => 5

---@arguments

local total = redis.call('INCRBY', counter, by)
redis.call('PEXPIRE', counter, expiry)
return total
