---@script idiom.scan
---@version 1
---Look for keys.
---@key data string `{name}`
---@return strings

local reply = redis.call('SCAN', 0, 'MATCH', KEYS[1] .. '*')
return reply[2]
