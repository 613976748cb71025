---@script idiom.position
---@version 1
---Where in a list something is.
---@key jobs list `{name}`
---@arg job string 1..64 bytes
---@readonly
---@return integer?
---@error BADARG an argument is wrong
---@example "k" | "a" => null

---@arguments

return redis.call('LPOS', jobs, job)
