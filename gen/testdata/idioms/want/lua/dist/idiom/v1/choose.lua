-- idiom.choose v1
local a, b = KEYS[1], KEYS[2]
local second = ARGV[1]
if not second then
	return redis.error_reply('BADARG second: missing')
end
if second ~= 'no' and second ~= 'yes' then
	return redis.error_reply('BADARG second: must be no or yes')
end
if #KEYS ~= 2 then
	return redis.error_reply('BADARG keys: must be 2, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local key = second == 'yes' and b or a
return redis.call('SMEMBERS', key)
