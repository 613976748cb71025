-- idiom.extend_lock v1
local lock = KEYS[1]
local token = ARGV[1]
if not token then
	return redis.error_reply('BADARG token: missing')
end
if #token < 1 or #token > 64 then
	return redis.error_reply('BADARG token: must have 1 to 64 bytes, has ' .. #token)
end
local lease = ARGV[2]
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
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
if redis.call('GET', lock) == token then
	return redis.call('PEXPIRE', lock, lease)
end
return 0
