---@script idiom.compare_delete
---@version 1
---Delete a lock that is one's own.
---@key data string `{name}`
---@arg token string 1..64 bytes
---@return boolean
---@error BADARG an argument is wrong
---@example "k" | "me" => 0

---@arguments

if redis.call('get', KEYS[1]) == ARGV[1] then
  return redis.call('del', KEYS[1])
else
  return 0
end
