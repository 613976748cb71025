---@script idiom.made_key
---@version 1
---A key that is made of a prefix and an argument.
---@key data string `{name}`
---@arg id string 1..64 bytes
---@error BADARG an argument is wrong
---@return string?

---@arguments

return redis.call('GET', 'user:' .. id)
