-- pair.get v1
local first, second = KEYS[1], KEYS[2]
local which = ARGV[1]
if not which then
	return redis.error_reply('BADARG which: missing')
end
if which ~= 'first' and which ~= 'second' then
	return redis.error_reply('BADARG which: must be first or second')
end
if #KEYS ~= 2 then
	return redis.error_reply('BADARG keys: must be 2, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local value
if which == 'first' then
	value = redis.call('GET', first)
else
	value = redis.call('GET', second)
end
if value then
	return {'VALUE', value}
end
return {'NONE'}
