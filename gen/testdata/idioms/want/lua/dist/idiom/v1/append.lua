-- idiom.append v1
local text = KEYS[1]
local more = ARGV[1]
if not more then
	return redis.error_reply('BADARG more: missing')
end
if #more < 1 or #more > 1024 then
	return redis.error_reply('BADARG more: must have 1 to 1024 bytes, has ' .. #more)
end
local most = ARGV[2]
if not most then
	return redis.error_reply('BADARG most: missing')
end
local most = #most <= 5 and string.find(most, '^%d+$') and tonumber(most, 10)
if not most or most < 1 or most > 65536 then
	return redis.error_reply('BADARG most: must be an integer from 1 to 65536')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
if redis.call('STRLEN', text) + #more > most then
	return redis.error_reply('EFULL the text has no room for ' .. #more .. ' bytes')
end
return {'LENGTH', redis.call('APPEND', text, more)}
