---@script idiom.pop
---@version 1
---Draw from a set, and what else was not in the list.
---@key pool set `{name}`
---@key ranks zset companion `:ranks`
---@repeat unsafe
---@return string?
---@example "k" "{k}:ranks" => null

redis.call('ZRANGEBYLEX', KEYS[2], '-', '+', 'LIMIT', 0, 10)
return redis.call('SPOP', KEYS[1])
