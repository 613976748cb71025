---@script idiom.batch_numbers
---@version 1
---Add many scores.
---@key scores zset `{name}`
---@arg prefix string 0..8 bytes
---@arg values... integer 0..1000
---@return integer
---@error BADARG an argument is wrong
---@example "k" | "p" "1" "2" => 2

---@arguments

for i, v in ipairs(values) do
  redis.call('ZADD', scores, v, prefix .. i)
end
return redis.call('ZCARD', scores)
