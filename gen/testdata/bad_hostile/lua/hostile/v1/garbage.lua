---@script hostile.garbage
---@version 1
---The memory of the server.
---@key data string `{name}`
---@return integer

collectgarbage('stop')
return redis.call('EXISTS', KEYS[1])
