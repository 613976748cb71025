---@script idiom.float
---@version 1
---A score, or none.
---@key scores zset `{name}`
---@arg member string 1..64 bytes
---@readonly
---@return float?
---@error BADARG an argument is wrong
---@example "k" | "m" => null

---@arguments

return redis.call('ZSCORE', scores, member)
