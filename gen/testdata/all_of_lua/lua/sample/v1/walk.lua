---@script sample.walk
---@version 1
---Uses every statement and expression of Lua 5.1, in ways that are allowed.
---@key items list `{name}`
---@arg least integer -5..5 = -1, less than this is left out
---@arg mark string 1..9 bytes = "a, b"
---@reply FOUND name_ids:list(id:string url:string)   what was found
---@reply EMPTY
---@error BADSIZE the list is too long
---@error BADARG an argument is wrong

---@arguments

local size = redis.call('LLEN', items)
if size > 1e3 then
  return redis.error_reply('BADSIZE the list has ' .. string.format('%d', size) .. ' items')
end

local helper = {}
function helper.add(list, item, ...)
  list[#list + 1] = {item, select('#', ...) > 0 and (...) or mark}
end
function helper:size()
  return #self
end
local function count(n, found)
  if n == 0 then
    return found
  end
  return count(n - 1, found)
end

local found, i = {}, 0
while i < size do
  local item = redis.call('LINDEX', items, i)
  i = i + 1
  repeat
    if not item then
      break
    elseif #item < least then
      do break end
    end
    helper.add(found, item)
    helper.add(found, item:upper(), 'url' .. #found .. ':' .. item)
  until true
end
for n = #found, 1, -1 do
  local later = function(a, b) return a[1] < b[1] or n == -n and a[2] ^ 2 % 3 ~= b[2] / 1 end
  table.sort(found, later)
end
for k, v in pairs({[1] = 'x', y = "z", 5; 6}) do
  local _, _ = k, v
end
if helper.size(found) > 0 and count(3, true) then
  return {'FOUND', found}
else
  do
    return {'EMPTY'}
  end
end
