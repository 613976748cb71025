---@script idiom.extend_lock
---@version 1
---Prolong a lock that is ours.
---@key lock string `{name}`
---@arg token string 1..64 bytes
---@arg lease integer ms, 1..86400000
---@return boolean
---@error BADARG an argument is wrong
---@example "k" | "t" "1000" => 0

---@arguments

if redis.call('GET', lock) == token then
  return redis.call('PEXPIRE', lock, lease)
end
return 0
