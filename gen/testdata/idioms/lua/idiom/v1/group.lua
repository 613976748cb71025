---@script idiom.group
---@version 1
---Read as a consumer of a group.
---@key events stream `{name}`
---@arg group string 1..64 bytes
---@arg consumer string 1..64 bytes
---@repeat unsafe
---@return integer
---@error BADARG an argument is wrong
---@example "k" | "g" "c" => 0

---@arguments

local made = redis.pcall('XGROUP', 'CREATE', events, group, '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then
  return made
end
local found = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 10, 'STREAMS', events, '>')
return found and #found[1][2] or 0
