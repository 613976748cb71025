---@script pair.drop
---@version 1
---Deletes | drops the first.
---@key first string `{name}`
---@arg which enum first|all = first
---@reply DROPPED

local first = KEYS[1]
local which = ARGV[1] or 'first'
redis.call('DEL', first)
return {'DROPPED'}
