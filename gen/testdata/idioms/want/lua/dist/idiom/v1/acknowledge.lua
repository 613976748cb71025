-- idiom.acknowledge v1
local events = KEYS[1]
local group = ARGV[1]
if not group then
	return redis.error_reply('BADARG group: missing')
end
if #group < 1 or #group > 64 then
	return redis.error_reply('BADARG group: must have 1 to 64 bytes, has ' .. #group)
end
local ids = {}
if #ARGV > 5001 then
	return redis.error_reply('BADARG ids: must be 5000 at most')
end
for i = 2, #ARGV do
	local one = ARGV[i]
	if #one < 1 or #one > 64 then
		return redis.error_reply('BADARG ids: must have 1 to 64 bytes, has ' .. #one)
	end
	ids[i - 1] = one
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
local done = 0
for _, id in ipairs(ids) do
	done = done + redis.call('XACK', events, group, id)
	redis.call('XDEL', events, id)
end
return done
