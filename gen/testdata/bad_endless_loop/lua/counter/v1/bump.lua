---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer

local total = KEYS[1]
while true do end
while 1 do
  for i = 1, 2 do break end
end
repeat local x = 1 until false
repeat local x = 1 until nil
for i = 1, math.huge do local x = i end
while true do
  local f = function() return 1 end
end
while true do
  if redis.call('INCR', total) > 9 then break end
end
while true do
  if redis.call('INCR', total) > 9 then
    return {'TOTAL', 1}
  end
end
