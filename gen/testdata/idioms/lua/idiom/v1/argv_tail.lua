---@script idiom.argv_tail
---@version 1
---The tail of ARGV as it came.
---@key members set `{name}`
---@arg mode enum add|remove
---@arg who... string 1..64 bytes
---@return integer
---@error BADARG an argument is wrong
---@example "k" | "add" "x" "y" "x" => 2

---@arguments

if mode == 'add' then
  return redis.call('SADD', members, unpack(ARGV, 2))
end
return redis.call('SREM', KEYS[1], unpack(who))
