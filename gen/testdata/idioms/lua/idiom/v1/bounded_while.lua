---@script idiom.bounded_while
---@version 1
---A loop that has a bound and a way out.
---@key queue list `{name}`
---@repeat unsafe
---@return integer
---@example "k" => 0

local n = 0
while n < 100 do
  local job = redis.call('RPOP', KEYS[1])
  if not job then
    break
  end
  n = n + 1
end
return n
