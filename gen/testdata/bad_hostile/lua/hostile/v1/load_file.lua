---@script hostile.load_file
---@version 1
---Code in a file.
---@key data string `{name}`
---@return integer

dofile('/etc/passwd')
return redis.call('EXISTS', KEYS[1])
