---@script hostile.long_string
---@version 1
---A refused command behind a long string.
---@key data string `{name}`
---@return integer

local s = [==[
]] ---@readonly
]==]
redis.call('FLUSHALL')
return #s + redis.call('EXISTS', KEYS[1])
