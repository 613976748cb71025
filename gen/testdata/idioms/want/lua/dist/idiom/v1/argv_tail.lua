-- idiom.argv_tail v1
local members = KEYS[1]
local mode = ARGV[1]
if not mode then
	return redis.error_reply('BADARG mode: missing')
end
if mode ~= 'add' and mode ~= 'remove' then
	return redis.error_reply('BADARG mode: must be add or remove')
end
local who = {}
if #ARGV > 5001 then
	return redis.error_reply('BADARG who: must be 5000 at most')
end
for i = 2, #ARGV do
	local one = ARGV[i]
	if #one < 1 or #one > 64 then
		return redis.error_reply('BADARG who: must have 1 to 64 bytes, has ' .. #one)
	end
	who[i - 1] = one
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if mode == 'add' then
	return redis.call('SADD', members, unpack(ARGV, 2))
end
return redis.call('SREM', KEYS[1], unpack(who))
