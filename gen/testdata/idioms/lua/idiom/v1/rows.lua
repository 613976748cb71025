---@script idiom.rows
---@version 1
---Rows without a tag.
---@key scores zset `{name}`
---@readonly
---@return list(member:string, score:float)
---@example "k" => []

local rows = {}
local found = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #found, 2 do
  rows[#rows + 1] = {found[i], found[i + 1]}
end
return rows
