---@script pair.get
---@version 1
---Gives the one or the other.
---@key first string `{name}`
---@key second string companion `:second`
---@arg which enum first|second
---@reply VALUE value:string
---@reply NONE

local first, second = KEYS[1], KEYS[2]
local which = ARGV[1]
local value
if which == 'first' then
  value = redis.call('GET', first)
else
  value = redis.call('GET', second)
end
if value then
  return {'VALUE', value}
end
return {'NONE'}
