---@script idiom.delete_pattern
---@version 1
---Delete what matches a pattern.
---@key data string `{name}`
---@return integer

return redis.call('DEL', unpack(redis.call('KEYS', KEYS[1])))
