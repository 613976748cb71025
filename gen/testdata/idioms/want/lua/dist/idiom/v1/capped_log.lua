-- idiom.capped_log v1
local log = KEYS[1]
local line = ARGV[1]
if not line then
	return redis.error_reply('BADARG line: missing')
end
if #line < 1 or #line > 1024 then
	return redis.error_reply('BADARG line: must have 1 to 1024 bytes, has ' .. #line)
end
local keep = ARGV[2]
if not keep then
	return redis.error_reply('BADARG keep: missing')
end
local keep = #keep <= 5 and string.find(keep, '^%d+$') and tonumber(keep, 10)
if not keep or keep < 1 or keep > 10000 then
	return redis.error_reply('BADARG keep: must be an integer from 1 to 10000')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
redis.call('LPUSH', log, line)
redis.call('LTRIM', log, 0, keep - 1)
return redis.call('LLEN', log)
