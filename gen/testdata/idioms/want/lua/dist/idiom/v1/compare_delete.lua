-- idiom.compare_delete v1
local data = KEYS[1]
local token = ARGV[1]
if not token then
	return redis.error_reply('BADARG token: missing')
end
if #token < 1 or #token > 64 then
	return redis.error_reply('BADARG token: must have 1 to 64 bytes, has ' .. #token)
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
if redis.call('get', KEYS[1]) == ARGV[1] then
	return redis.call('del', KEYS[1])
else
	return 0
end
