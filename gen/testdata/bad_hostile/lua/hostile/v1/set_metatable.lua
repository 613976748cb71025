---@script hostile.set_metatable
---@version 1
---A metatable for globals.
---@key data string `{name}`
---@return integer

setmetatable(_G, nil)
return redis.call('EXISTS', KEYS[1])
