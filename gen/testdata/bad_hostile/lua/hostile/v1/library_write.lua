---@script hostile.library_write
---@version 1
---A library that is changed for everybody.
---@key data string `{name}`
---@return integer

string.format = nil
return redis.call('EXISTS', KEYS[1])
