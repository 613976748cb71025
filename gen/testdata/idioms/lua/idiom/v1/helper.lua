---@script idiom.helper
---@version 1
---A key passed to a helper.
---@key a counter `{name}`
---@key b counter companion `:b`
---@return integer
---@example "k" "{k}:b" => 0

local function read(key)
  return tonumber(redis.call('GET', key) or '0')
end
return read(KEYS[1]) + read(KEYS[2])
