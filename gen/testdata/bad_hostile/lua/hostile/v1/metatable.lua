---@script hostile.metatable
---@version 1
---The metatable of all strings.
---@key data string `{name}`
---@return integer

getmetatable('').__index = nil
return redis.call('EXISTS', KEYS[1])
