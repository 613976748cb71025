-- idiom.visitors v1
local data = KEYS[1]
local who = {}
if #ARGV > 5000 then
	return redis.error_reply('BADARG who: must be 5000 at most')
end
for i = 1, #ARGV do
	local one = ARGV[i]
	if #one < 1 or #one > 64 then
		return redis.error_reply('BADARG who: must have 1 to 64 bytes, has ' .. #one)
	end
	who[i - 0] = one
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #who > 0 then
	redis.call('PFADD', data, unpack(who))
end
return redis.call('PFCOUNT', data)
