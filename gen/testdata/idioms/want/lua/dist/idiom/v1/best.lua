-- idiom.best v1
local scores = KEYS[1]
local n = 10
if ARGV[1] then
	local given = #ARGV[1] <= 3 and string.find(ARGV[1], '^%d+$') and tonumber(ARGV[1], 10)
	if not given or given < 1 or given > 100 then
		return redis.error_reply('BADARG n: must be an integer from 1 to 100')
	end
	n = given
	if #ARGV > 1 then
		return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
return redis.call('ZREVRANGE', scores, 0, n - 1, 'WITHSCORES')
