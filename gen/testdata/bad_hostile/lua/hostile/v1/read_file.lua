---@script hostile.read_file
---@version 1
---A file.
---@key data string `{name}`
---@return integer

local f = io.open('/etc/passwd')
return f and redis.call('EXISTS', KEYS[1])
