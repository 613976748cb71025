---@script idiom.bits
---@version 1
---Bits, counted.
---@key data string `{name}`
---@readonly
---@return integer
---@example "k" => 0

return redis.call('BITCOUNT', KEYS[1])
