---@script hostile.rawget
---@version 1
---redis found by rawget.
---@key data string `{name}`
---@return integer

rawget(_G, 'redis').call('FLUSHALL')
return redis.call('EXISTS', KEYS[1])
