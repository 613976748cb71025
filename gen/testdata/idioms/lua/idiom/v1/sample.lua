---@script idiom.sample
---@version 1
---Some members, drawn by the server.
---@key members set `{name}`
---@arg n integer 1..100
---@readonly
---@return strings
---@error BADARG an argument is wrong
---@example "k" | "3" => []

---@arguments

return redis.call('SRANDMEMBER', members, n)
