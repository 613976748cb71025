---@script idiom.clock
---@version 1
---The time of the machine, by os.
---@key data string `{name}`
---@return integer

redis.call('SET', KEYS[1], os.time())
return 1
