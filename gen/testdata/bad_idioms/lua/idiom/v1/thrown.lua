---@script idiom.thrown
---@version 1
---An error that is thrown.
---@key data string `{name}`
---@error ENOITEM there is none
---@return integer

if redis.call('EXISTS', KEYS[1]) == 0 then
  error({code = 'ENOITEM'})
end
return 1
