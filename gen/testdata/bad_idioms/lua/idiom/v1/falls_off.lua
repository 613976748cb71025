---@script idiom.falls_off
---@version 1
---No answer at the end.
---@key data string `{name}`
---@return integer

if redis.call('EXISTS', KEYS[1]) == 1 then
  return 1
end
