---@script hostile.key_swapped
---@version 1
---A key that is swapped in a branch.
---@key data string `{name}`
---@return integer

local k = KEYS[1]
if redis.call('EXISTS', k) == 0 then
  k = 'other'
end
return redis.call('EXISTS', k)
