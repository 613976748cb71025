-- idiom.sample v1
local members = KEYS[1]
local n = ARGV[1]
if not n then
	return redis.error_reply('BADARG n: missing')
end
local n = #n <= 3 and string.find(n, '^%d+$') and tonumber(n, 10)
if not n or n < 1 or n > 100 then
	return redis.error_reply('BADARG n: must be an integer from 1 to 100')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
return redis.call('SRANDMEMBER', members, n)
