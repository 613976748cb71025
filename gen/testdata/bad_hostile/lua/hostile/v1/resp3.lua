---@script hostile.resp3
---@version 1
---Another protocol in the middle.
---@key data string `{name}`
---@return integer

redis.setresp(3)
return redis.call('EXISTS', KEYS[1])
