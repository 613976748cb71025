-- idiom.group v1
local events = KEYS[1]
local group = ARGV[1]
if not group then
	return redis.error_reply('BADARG group: missing')
end
if #group < 1 or #group > 64 then
	return redis.error_reply('BADARG group: must have 1 to 64 bytes, has ' .. #group)
end
local consumer = ARGV[2]
if not consumer then
	return redis.error_reply('BADARG consumer: missing')
end
if #consumer < 1 or #consumer > 64 then
	return redis.error_reply('BADARG consumer: must have 1 to 64 bytes, has ' .. #consumer)
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local made = redis.pcall('XGROUP', 'CREATE', events, group, '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then
	return made
end
local found = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', 10, 'STREAMS', events, '>')
return found and #found[1][2] or 0
