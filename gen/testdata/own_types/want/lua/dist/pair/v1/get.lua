-- pair.get v1
local first, second = KEYS[1], KEYS[2]
local which = ARGV[1]
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
