-- idiom.idempotent v1
local answer = KEYS[1]
local text = ARGV[1]
if not text then
	return redis.error_reply('BADARG text: missing')
end
if #text < 1 or #text > 1024 then
	return redis.error_reply('BADARG text: must have 1 to 1024 bytes, has ' .. #text)
end
local keep = ARGV[2]
if not keep then
	return redis.error_reply('BADARG keep: missing')
end
local keep = #keep <= 8 and string.find(keep, '^%d+$') and tonumber(keep, 10)
if not keep or keep < 1 or keep > 86400000 then
	return redis.error_reply('BADARG keep: must be an integer from 1 to 86400000')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local before = redis.call('SET', answer, text, 'NX', 'GET', 'PX', keep)
return before or text
