-- idiom.raise v1
local high = KEYS[1]
local to = ARGV[1]
if not to then
	return redis.error_reply('BADARG to: missing')
end
local to = #to <= 7 and string.find(to, '^%d+$') and tonumber(to, 10)
if not to or to > 1000000 then
	return redis.error_reply('BADARG to: must be an integer from 0 to 1000000')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local now = tonumber(redis.call('GET', high) or '0')
if to > now then
	redis.call('SET', high, to)
	return to
end
return now
