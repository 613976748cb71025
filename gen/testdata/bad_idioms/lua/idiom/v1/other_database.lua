---@script idiom.other_database
---@version 1
---A key of another database.
---@key data string `{name}`
---@return string?

redis.call('SELECT', 3)
return redis.call('GET', KEYS[1])
