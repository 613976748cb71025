---@script hostile.debugger
---@version 1
---The debug library.
---@key data string `{name}`
---@return integer

debug.sethook()
return redis.call('EXISTS', KEYS[1])
