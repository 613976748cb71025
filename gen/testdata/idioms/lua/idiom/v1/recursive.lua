---@script idiom.recursive
---@version 1
---Functions that call themselves, and end.
---@key list list `{name}`
---@readonly
---@return integer
---@example "k" => 6

local function sum(n)
  if n == 0 then
    return 0
  end
  return n + sum(n - 1)
end
local function down(n)
  if n < 0 then
    error('LOW it has an end')
  end
  down(n - 1)
end
pcall(down, 3)
return sum(3) + redis.call('LLEN', KEYS[1])
