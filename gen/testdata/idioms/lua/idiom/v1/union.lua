---@script idiom.union
---@version 1
---A union that is stored.
---@key target zset `{target}`
---@key sources... zset `{source}`
---@return integer
---@example "t" "{t}a" "{t}b" => 0

return redis.call('ZUNIONSTORE', KEYS[1], #KEYS - 1, unpack(KEYS, 2))
