-- idiom.increment_expire v1
local counter = KEYS[1]
local span = ARGV[1]
if not span then
	return redis.error_reply('BADARG span: missing')
end
local span = #span <= 7 and string.find(span, '^%d+$') and tonumber(span, 10)
if not span or span < 1 or span > 3600000 then
	return redis.error_reply('BADARG span: must be an integer from 1 to 3600000')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local n = redis.call('INCR', counter)
if n == 1 then redis.call('PEXPIRE', counter, span) end
return n
