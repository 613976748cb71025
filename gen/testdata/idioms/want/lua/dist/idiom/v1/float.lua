-- idiom.float v1
local scores = KEYS[1]
local member = ARGV[1]
if not member then
	return redis.error_reply('BADARG member: missing')
end
if #member < 1 or #member > 64 then
	return redis.error_reply('BADARG member: must have 1 to 64 bytes, has ' .. #member)
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
return redis.call('ZSCORE', scores, member)
