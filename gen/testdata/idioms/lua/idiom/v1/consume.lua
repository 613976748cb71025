---@script idiom.consume
---@version 1
---Read a value once.
---@key data string `{name}`
---@repeat unsafe
---@return string?
---@example "k" => null

return redis.call('GETDEL', KEYS[1])
