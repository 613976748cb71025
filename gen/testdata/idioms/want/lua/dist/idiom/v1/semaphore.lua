-- idiom.semaphore v1
local holders = KEYS[1]
local token = ARGV[1]
if not token then
	return redis.error_reply('BADARG token: missing')
end
if #token < 1 or #token > 64 then
	return redis.error_reply('BADARG token: must have 1 to 64 bytes, has ' .. #token)
end
local limit = ARGV[2]
if not limit then
	return redis.error_reply('BADARG limit: missing')
end
local limit = #limit <= 4 and string.find(limit, '^%d+$') and tonumber(limit, 10)
if not limit or limit < 1 or limit > 1000 then
	return redis.error_reply('BADARG limit: must be an integer from 1 to 1000')
end
local lease = ARGV[3]
if not lease then
	return redis.error_reply('BADARG lease: missing')
end
local lease = #lease <= 8 and string.find(lease, '^%d+$') and tonumber(lease, 10)
if not lease or lease < 1 or lease > 86400000 then
	return redis.error_reply('BADARG lease: must be an integer from 1 to 86400000')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 3 then
	return redis.error_reply('BADARG arguments: must be 3 at most, are ' .. #ARGV)
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', holders, '-inf', string.format('%.0f', now))
if redis.call('ZSCORE', holders, token) or redis.call('ZCARD', holders) < limit then
	redis.call('ZADD', holders, string.format('%.0f', now + lease), token)
	return true
end
return false
