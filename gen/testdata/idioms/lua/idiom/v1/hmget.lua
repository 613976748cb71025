---@script idiom.hmget
---@version 1
---Some fields, of which any may be missing.
---@key data hash `{name}`
---@arg fields... string 1..64 bytes
---@readonly
---@return strings?
---@error BADARG an argument is wrong
---@example "k" | "f" "g" => [null, null]

---@arguments

return redis.call('HMGET', data, unpack(fields))
