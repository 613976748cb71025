---@script pair.drop
---@version 2
---Deletes the first.
---@key first string `{name}`
---@reply DROPPED deleted:integer

local first = KEYS[1]
return {'DROPPED', redis.call('DEL', first)}
