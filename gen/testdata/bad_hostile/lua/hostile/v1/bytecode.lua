---@script hostile.bytecode
---@version 1
---A script that is written as bytes.
---@key data string `{name}`
---@return integer

local f = string.dump(function() return 1 end)
return #f + redis.call('EXISTS', KEYS[1])
