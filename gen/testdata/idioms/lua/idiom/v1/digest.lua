---@script idiom.digest
---@version 1
---The digest of a value.
---@key data string `{name}`
---@readonly
---@return string
---@example "k" => "da39a3ee5e6b4b0d3255bfef95601890afd80709"

return redis.sha1hex(redis.call('GET', KEYS[1]) or '')
