---@script hostile.breakpoint
---@version 1
---A breakpoint.
---@key data string `{name}`
---@return integer

redis.breakpoint()
return redis.call('EXISTS', KEYS[1])
