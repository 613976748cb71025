---@script hostile.key_in_closure
---@version 1
---A key that a closure gets from outside.
---@key data string `{name}`
---@return integer

local function exists(k)
  return redis.call('EXISTS', k)
end
return exists('other')
