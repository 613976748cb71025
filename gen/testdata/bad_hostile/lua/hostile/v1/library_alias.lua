---@script hostile.library_alias
---@version 1
---A library that is changed through a local.
---@key data string `{name}`
---@return integer

local s = string
s.format = nil
return redis.call('EXISTS', KEYS[1])
