-- idiom.flags v1
local days = KEYS[1]
local day = ARGV[1]
if not day then
	return redis.error_reply('BADARG day: missing')
end
local day = #day <= 3 and string.find(day, '^%d+$') and tonumber(day, 10)
if not day or day > 366 then
	return redis.error_reply('BADARG day: must be an integer from 0 to 366')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
redis.call('SETBIT', days, day, 1)
return redis.call('BITCOUNT', days)
