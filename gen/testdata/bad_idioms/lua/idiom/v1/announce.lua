---@script idiom.announce
---@version 1
---A message to a channel that only the data knows.
---@key data string `{name}`
---@return integer

local channel = redis.call('GET', KEYS[1])
return redis.call('PUBLISH', channel, 'changed')
