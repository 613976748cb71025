---@script idiom.sum_many
---@version 1
---The sum of counters.
---@key counters... counter `{name}`
---@readonly
---@return integer
---@example "a" "b" "c" => 0

local sum = 0
for i, key in ipairs(KEYS) do
  sum = sum + tonumber(redis.call('GET', key) or 0)
end
for i = 1, #KEYS do
  redis.call('STRLEN', KEYS[i])
end
return sum
