-- idiom.touch v1
local session = KEYS[1]
local idle = ARGV[1]
if not idle then
	return redis.error_reply('BADARG idle: missing')
end
local idle = #idle <= 5 and string.find(idle, '^%d+$') and tonumber(idle, 10)
if not idle or idle < 1 or idle > 86400 then
	return redis.error_reply('BADARG idle: must be an integer from 1 to 86400')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
if redis.call('EXISTS', session) == 0 then
	return {}
end
redis.call('EXPIRE', session, idle)
return redis.call('HGETALL', session)
