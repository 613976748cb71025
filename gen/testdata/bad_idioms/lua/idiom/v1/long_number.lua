---@script idiom.long_number
---@version 1
---A number of 16 digits in a text.
---@key data string `{name}`
---@return string

local t = redis.call('TIME')
local us = t[1] * 1000000 + t[2]
redis.call('SET', KEYS[1], 'at ' .. us)
return 'at ' .. us
