---@script hostile.acl
---@version 1
---The rights of others.
---@key data string `{name}`
---@return integer

redis.acl_check_cmd('GET', KEYS[1])
return redis.call('EXISTS', KEYS[1])
