---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer who:string

local total = KEYS[1]
local n = redis.call('INCR', total)
local never
local none = nil
local function nothing()
  if n == 1 then
    return n
  end
end
local function two()
  return 1, 2
end
local function empty()
  return
end
if n == 1 then
  return {'TOTAL', never, 'x'}
elseif n == 2 then
  return {'TOTAL', none, 'x'}
elseif n == 3 then
  return {'TOTAL', nothing(), 'x'}
elseif n == 4 then
  return {'TOTAL', n, two()}
elseif n == 5 then
  return {'TOTAL', empty(), 'x'}
elseif n == 6 then
  return {'TOTAL', n, string.gsub('a', 'a', 'b')}
elseif n == 7 then
  return {'TOTAL', n, unpack({'a', 'b'})}
elseif n == 8 then
  return {'TOTAL', n == 8 and nil, 'x'}
end
return {'TOTAL', two(), (string.gsub('a', 'a', 'b'))}
