---@script hostile.key_in_loop
---@version 1
---Keys that a loop makes.
---@key data string `{name}`
---@return integer

local n = 0
for i = 1, 3 do
  n = n + redis.call('EXISTS', 'k' .. i)
end
return n
