-- pair.drop v1
local first = KEYS[1]
local which = 'first'
if ARGV[1] then
	which = ARGV[1]
	if which ~= 'first' and which ~= 'all' then
		return redis.error_reply('BADARG which: must be first or all')
	end
	if #ARGV > 1 then
		return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
redis.call('DEL', first)
return {'DROPPED'}
