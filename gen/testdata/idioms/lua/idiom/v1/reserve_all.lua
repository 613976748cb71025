---@script idiom.reserve_all
---@version 1
---Take one of each item, or none.
---@key stocks... counter `{stock}`
---@repeat unsafe
---@reply RESERVED
---@reply MISSING at:integer
---@example "a" "b" => ["MISSING", 1]

for i, stock in ipairs(KEYS) do
  if tonumber(redis.call('GET', stock) or 0) < 1 then
    return {'MISSING', i}
  end
end
for _, stock in ipairs(KEYS) do
  redis.call('DECR', stock)
end
return {'RESERVED'}
