---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer who:string rows:list(a:string)
---@reply OTHER fence:integer lease:integer

local total = KEYS[1]
local n = redis.call('INCR', total)
local fence, lease = n, n + 1
local text = string.format('%d', n)
if n == 1 then
  return {'TOTAL', 'x', n, {}}
elseif n == 2 then
  return {'TOTAL', text, 7, {}}
elseif n == 3 then
  return {'TOTAL', n, {}, text}
elseif n == 4 then
  return {'TOTAL', {}, text, 1}
elseif n == 5 then
  return {'OTHER', lease, fence}
elseif n == 6 then
  return {'OTHER', true, 1.5}
end
return {'TOTAL', n, text, {}}
