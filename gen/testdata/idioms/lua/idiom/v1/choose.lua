---@script idiom.choose
---@version 1
---One key or the other.
---@key a set `{name}`
---@key b set companion `:b`
---@arg second enum no|yes
---@readonly
---@return strings
---@error BADARG an argument is wrong
---@example "k" "{k}:b" | "yes" => []

---@arguments

local key = second == 'yes' and b or a
return redis.call('SMEMBERS', key)
