-- sample.walk v1
local items = KEYS[1]
local least, mark = -1, 'a, b'
if ARGV[1] then
	local given = #ARGV[1] <= 2 and string.find(ARGV[1], '^%-?%d+$') and tonumber(ARGV[1], 10) + 0
	if not given or given < -5 or given > 5 then
		return redis.error_reply('BADARG least: must be an integer from -5 to 5')
	end
	least = given
	mark = ARGV[2] or mark
	if #mark < 1 or #mark > 9 then
		return redis.error_reply('BADARG mark: must have 1 to 9 bytes, has ' .. #mark)
	end
	if #ARGV > 2 then
		return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
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
