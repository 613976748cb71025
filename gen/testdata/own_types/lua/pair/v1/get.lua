---@script pair.get
---@version 1
---Gives the one or the other.
---@key first string `{name}`
---@key second string companion `:second`
---@arg which enum first|second
---@reply VALUE value:string
---@reply NONE
---@error BADARG which is not known

---@arguments
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
