-- idiom.batch_push v1
local jobs = KEYS[1]
local payloads = {}
if #ARGV > 5000 then
	return redis.error_reply('BADARG payloads: must be 5000 at most')
end
for i = 1, #ARGV do
	local one = ARGV[i]
	if #one < 1 or #one > 1024 then
		return redis.error_reply('BADARG payloads: must have 1 to 1024 bytes, has ' .. #one)
	end
	payloads[i - 0] = one
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
return redis.call('RPUSH', jobs, unpack(payloads))
