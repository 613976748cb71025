---@script idiom.get_nullable
---@version 1
---What is there, or nothing.
---@key data string `{name}`
---@readonly
---@return string?
---@example "k" => null

return redis.call('GET', KEYS[1])
