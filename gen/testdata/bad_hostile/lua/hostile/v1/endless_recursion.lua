---@script hostile.endless_recursion
---@version 1
---A loop by a call of itself.
---@key data string `{name}`
---@return integer

local function again()
  return again()
end
redis.call('GET', KEYS[1])
return again()
