-- idiom.hmget v1
local data = KEYS[1]
local fields = {}
if #ARGV > 5000 then
	return redis.error_reply('BADARG fields: must be 5000 at most')
end
for i = 1, #ARGV do
	local one = ARGV[i]
	if #one < 1 or #one > 64 then
		return redis.error_reply('BADARG fields: must have 1 to 64 bytes, has ' .. #one)
	end
	fields[i - 0] = one
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
return redis.call('HMGET', data, unpack(fields))
