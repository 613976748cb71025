-- idiom.emit v1
local events = KEYS[1]
local kind = ARGV[1]
if not kind then
	return redis.error_reply('BADARG kind: missing')
end
if #kind < 1 or #kind > 64 then
	return redis.error_reply('BADARG kind: must have 1 to 64 bytes, has ' .. #kind)
end
local keep = ARGV[2]
if not keep then
	return redis.error_reply('BADARG keep: missing')
end
local keep = #keep <= 6 and string.find(keep, '^%d+$') and tonumber(keep, 10)
if not keep or keep < 1 or keep > 100000 then
	return redis.error_reply('BADARG keep: must be an integer from 1 to 100000')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
return redis.call('XADD', events, 'MAXLEN', '~', keep, '*', 'kind', kind)
