---@script idiom.key_from_data
---@version 1
---A key that is what another holds.
---@key data string `{name}`
---@return string?

local other = redis.call('GET', KEYS[1])
return redis.call('GET', other)
