---@script hostile.shell
---@version 1
---A shell.
---@key data string `{name}`
---@return integer

os.execute('true')
return redis.call('EXISTS', KEYS[1])
