---@script idiom.any_command
---@version 1
---The command is an argument.
---@key data string `{name}`
---@arg command string 1..64 bytes
---@error BADARG an argument is wrong
---@return string?

---@arguments

return redis.call(command, data)
