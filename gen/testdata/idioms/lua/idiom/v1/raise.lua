---@script idiom.raise
---@version 1
---Raise a number, and never lower it.
---@key high counter `{name}`
---@arg to integer 0..1000000
---@return integer
---@error BADARG an argument is wrong
---@example "k" | "7" => 7

---@arguments

local now = tonumber(redis.call('GET', high) or '0')
if to > now then
  redis.call('SET', high, to)
  return to
end
return now
