-- pool.draw v1
local holders = KEYS[1]
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 0 then
	return redis.error_reply('BADARG arguments: must be 0 at most, are ' .. #ARGV)
end
local drawn = redis.call('ZPOPMIN', holders)
return {'DRAWN', drawn[1] or ''}
