-- gate.open v1
local line = KEYS[1]
local token = ARGV[1]
if not token then
	return redis.error_reply('BADARG token: missing')
end
if #token < 1 or #token > 64 then
	return redis.error_reply('BADARG token: must have 1 to 64 bytes, has ' .. #token)
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local taken = redis.call('SPOP', line, 64)
local rows = {}
for i, who in ipairs(taken) do
	rows[i] = {who, 1000}
end
if #rows == 0 then
	return {'NONE'}
end
return {'OPEN', redis.call('SCARD', line), #rows == 64 and 1 or 0, rows}
