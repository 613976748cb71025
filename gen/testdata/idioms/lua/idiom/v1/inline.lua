---@script idiom.inline
---@version 1
---KEYS[1] where it is used.
---@key counter counter `{name}`
---@return integer, the count
---@example "k" => 1

return redis.call('INCR', KEYS[1])
