-- pool.release v1
local holders, pending = KEYS[1], KEYS[2]
local token = ARGV[1]
if not token then
	return redis.error_reply('BADARG token: missing')
end
if #token < 1 or #token > 512 then
	return redis.error_reply('BADARG token: must have 1 to 512 bytes, has ' .. #token)
end
if #KEYS ~= 2 then
	return redis.error_reply('BADARG keys: must be 2, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local rows = {}
for i, who in ipairs(redis.call('ZRANGE', pending, 0, 9)) do
	rows[i] = {who, i, 1000, 1}
end
if redis.call('ZREM', holders, token) == 1 then
	return {'RELEASED', 0, #rows, rows}
end
local gone, dropped = {}, {}
if #rows == 0 then
	return {'LEFT', gone, 0, dropped, ''}
end
return {'NOTHELD', rows}
