---@script idiom.acknowledge
---@version 1
---Acknowledge events and delete them.
---@key events stream `{name}`
---@arg group string 1..64 bytes
---@arg ids... string 1..64 bytes
---@return integer
---@error BADARG an argument is wrong
---@example "k" | "g" "1-1" => 0

---@arguments

local done = 0
for _, id in ipairs(ids) do
  done = done + redis.call('XACK', events, group, id)
  redis.call('XDEL', events, id)
end
return done
