---@script idiom.union
---@version 1
---A union that is stored.
---@key target zset `{target}`
---@key sources... zset `{source}`
---@return integer

return redis.call('ZUNIONSTORE', KEYS[1], #KEYS - 1, unpack(KEYS, 2))
