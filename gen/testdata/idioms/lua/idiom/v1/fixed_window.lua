---@script idiom.fixed_window
---@version 1
---A rate limit over a fixed window.
---@key hits counter `{name}`
---@arg window integer 1..86400
---@arg limit integer 1..1000000
---@repeat unsafe
---@return boolean
---@error BADARG an argument is wrong
---@example "k" | "10" "2" => 1

---@arguments

local n = redis.call('INCR', hits)
if n == 1 then
  redis.call('EXPIRE', hits, window)
end
return n <= limit
