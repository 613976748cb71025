---@script idiom.plain_error
---@version 1
---An error without a code.
---@key data string `{name}`
---@return integer

if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('no such item')
end
return 1
