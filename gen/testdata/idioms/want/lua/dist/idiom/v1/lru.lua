-- idiom.lru v1
local used, values = KEYS[1], KEYS[2]
local field = ARGV[1]
if not field then
	return redis.error_reply('BADARG field: missing')
end
if #field < 1 or #field > 64 then
	return redis.error_reply('BADARG field: must have 1 to 64 bytes, has ' .. #field)
end
local value = ARGV[2]
if not value then
	return redis.error_reply('BADARG value: missing')
end
if #value > 1024 then
	return redis.error_reply('BADARG value: must have 0 to 1024 bytes, has ' .. #value)
end
local size = ARGV[3]
if not size then
	return redis.error_reply('BADARG size: missing')
end
local size = #size <= 4 and string.find(size, '^%d+$') and tonumber(size, 10)
if not size or size < 1 or size > 1000 then
	return redis.error_reply('BADARG size: must be an integer from 1 to 1000')
end
if #KEYS ~= 2 then
	return redis.error_reply('BADARG keys: must be 2, are ' .. #KEYS)
end
if #ARGV > 3 then
	return redis.error_reply('BADARG arguments: must be 3 at most, are ' .. #ARGV)
end
local t = redis.call('TIME')
redis.call('ZADD', used, string.format('%.0f', t[1] * 1000000 + t[2]), field)
redis.call('HSET', values, field, value)
local many = redis.call('ZCARD', used) - size
local dropped = {}
if many > 0 then
	dropped = redis.call('ZRANGE', used, 0, many - 1)
	redis.call('ZREMRANGEBYRANK', used, 0, many - 1)
	for _, old in ipairs(dropped) do
		redis.call('HDEL', values, old)
	end
end
return dropped
