---@script hostile.require_module
---@version 1
---A module.
---@key data string `{name}`
---@return integer

local m = require('os')
return m and redis.call('EXISTS', KEYS[1])
