---@script hostile.error_object
---@version 1
---An error that crashes servers.
---@key data string `{name}`
---@return integer

if redis.call('EXISTS', KEYS[1]) == 0 then
  error({})
end
return redis.call('EXISTS', KEYS[1])
