---@script idiom.bare_argv
---@version 1
---Arguments as they come.
---@key data string `{name}`
---@return integer

redis.call('SET', KEYS[1], ARGV[1])
return redis.call('EXPIRE', KEYS[1], ARGV[2])
