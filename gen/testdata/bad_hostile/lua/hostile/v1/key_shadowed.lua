---@script hostile.key_shadowed
---@version 1
---A local that hides KEYS.
---@key data string `{name}`
---@return integer

local KEYS = {'other'}
return redis.call('EXISTS', KEYS[1])
