-- idiom.fixed_window v1
local hits = KEYS[1]
local window = ARGV[1]
if not window then
	return redis.error_reply('BADARG window: missing')
end
local window = #window <= 5 and string.find(window, '^%d+$') and tonumber(window, 10)
if not window or window < 1 or window > 86400 then
	return redis.error_reply('BADARG window: must be an integer from 1 to 86400')
end
local limit = ARGV[2]
if not limit then
	return redis.error_reply('BADARG limit: missing')
end
local limit = #limit <= 7 and string.find(limit, '^%d+$') and tonumber(limit, 10)
if not limit or limit < 1 or limit > 1000000 then
	return redis.error_reply('BADARG limit: must be an integer from 1 to 1000000')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local n = redis.call('INCR', hits)
if n == 1 then
	redis.call('EXPIRE', hits, window)
end
return n <= limit
