---@script idiom.touch
---@version 1
---Prolong a session, and read it.
---@key session hash `{name}`
---@arg idle integer 1..86400
---@return map
---@error BADARG an argument is wrong
---@example "k" | "60" => []

---@arguments

if redis.call('EXISTS', session) == 0 then
  return {}
end
redis.call('EXPIRE', session, idle)
return redis.call('HGETALL', session)
