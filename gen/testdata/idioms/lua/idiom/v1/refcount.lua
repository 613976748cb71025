---@script idiom.refcount
---@version 1
---Let go of a shared thing, and delete it with the last.
---@key count counter `{name}`
---@key thing string companion `:thing`
---@repeat unsafe
---@return integer, how many are left
---@example "k" "{k}:thing" => 0

local left = redis.call('DECR', KEYS[1])
if left <= 0 then
  redis.call('DEL', KEYS[1], KEYS[2])
  return 0
end
return left
