-- idiom.batch_numbers v1
local scores = KEYS[1]
local prefix = ARGV[1]
if not prefix then
	return redis.error_reply('BADARG prefix: missing')
end
if #prefix > 8 then
	return redis.error_reply('BADARG prefix: must have 0 to 8 bytes, has ' .. #prefix)
end
local values = {}
if #ARGV > 5001 then
	return redis.error_reply('BADARG values: must be 5000 at most')
end
for i = 2, #ARGV do
	local one = ARGV[i]
	local one = #one <= 4 and string.find(one, '^%d+$') and tonumber(one, 10)
	if not one or one > 1000 then
		return redis.error_reply('BADARG values: must be an integer from 0 to 1000')
	end
	values[i - 1] = one
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
for i, v in ipairs(values) do
	redis.call('ZADD', scores, v, prefix .. i)
end
return redis.call('ZCARD', scores)
