---@script idiom.global_cache
---@version 1
---A cache that lives between calls.
---@key data string `{name}`
---@return string?

cache = cache or {}
return redis.call('GET', KEYS[1])
