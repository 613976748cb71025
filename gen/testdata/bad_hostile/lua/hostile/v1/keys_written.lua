---@script hostile.keys_written
---@version 1
---KEYS that are written.
---@key data string `{name}`
---@return integer

KEYS[1] = 'other'
return redis.call('EXISTS', KEYS[1])
