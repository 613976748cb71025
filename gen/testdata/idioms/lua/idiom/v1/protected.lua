---@script idiom.protected
---@version 1
---A call that may fail, in pcall.
---@key data string `{name}`
---@return string?
---@example "k" => null

local ok, value = pcall(function() return redis.call('GET', KEYS[1]) end)
if ok then
  return value
end
return false
