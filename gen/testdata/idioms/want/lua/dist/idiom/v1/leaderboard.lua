-- idiom.leaderboard v1
local scores = KEYS[1]
local who = ARGV[1]
if not who then
	return redis.error_reply('BADARG who: missing')
end
if #who < 1 or #who > 64 then
	return redis.error_reply('BADARG who: must have 1 to 64 bytes, has ' .. #who)
end
local by = ARGV[2]
if not by then
	return redis.error_reply('BADARG by: missing')
end
local by = #by <= 4 and string.find(by, '^%d+$') and tonumber(by, 10)
if not by or by < 1 or by > 1000 then
	return redis.error_reply('BADARG by: must be an integer from 1 to 1000')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local score = redis.call('ZINCRBY', scores, by, who)
return {'RANK', redis.call('ZREVRANK', scores, who), score}
