-- idiom.sliding_window v1
local hits = KEYS[1]
local id = ARGV[1]
if not id then
	return redis.error_reply('BADARG id: missing')
end
if #id < 1 or #id > 64 then
	return redis.error_reply('BADARG id: must have 1 to 64 bytes, has ' .. #id)
end
local window = ARGV[2]
if not window then
	return redis.error_reply('BADARG window: missing')
end
local window = #window <= 8 and string.find(window, '^%d+$') and tonumber(window, 10)
if not window or window < 1 or window > 86400000 then
	return redis.error_reply('BADARG window: must be an integer from 1 to 86400000')
end
local limit = ARGV[3]
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
if #ARGV > 3 then
	return redis.error_reply('BADARG arguments: must be 3 at most, are ' .. #ARGV)
end
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
redis.call('ZREMRANGEBYSCORE', hits, '-inf', string.format('%.0f', now - window))
local used = redis.call('ZCARD', hits)
if used >= limit then
	local first = redis.call('ZRANGE', hits, 0, 0, 'WITHSCORES')
	return {'LIMITED', math.ceil(tonumber(first[2]) + window - now)}
end
redis.call('ZADD', hits, string.format('%.0f', now), id)
redis.call('PEXPIRE', hits, window)
return {'ALLOWED', limit - used - 1}
