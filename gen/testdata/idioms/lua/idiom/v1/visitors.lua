---@script idiom.visitors
---@version 1
---Visitors, counted about.
---@key data string `{name}`
---@arg who... string 1..64 bytes
---@return integer
---@error BADARG an argument is wrong
---@example "k" | "ann" "bob" => 2

---@arguments

if #who > 0 then
  redis.call('PFADD', data, unpack(who))
end
return redis.call('PFCOUNT', data)
