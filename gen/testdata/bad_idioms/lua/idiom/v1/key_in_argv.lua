---@script idiom.key_in_argv
---@version 1
---A key that comes as an argument.
---@key data string `{name}`
---@arg other string 1..64 bytes
---@error BADARG an argument is wrong
---@return string?

---@arguments

redis.call('GET', data)
return redis.call('GET', other)
