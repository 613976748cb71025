---@script hostile.endless_repeat
---@version 1
---A loop whose end never comes.
---@key data string `{name}`
---@return integer

repeat
  redis.call('GET', KEYS[1])
until false
return redis.call('EXISTS', KEYS[1])
