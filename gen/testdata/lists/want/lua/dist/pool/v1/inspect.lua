-- pool.inspect v1
local holders = KEYS[1]
local n = ARGV[1]
local n = not n and 10 or #n <= 3 and string.find(n, '^%d+$') and tonumber(n, 10)
if not n or n > 100 then
	return redis.error_reply('BADARG n: must be an integer from 0 to 100')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local list = {}
local found = redis.call('ZRANGE', holders, 0, n - 1, 'WITHSCORES')
for i = 1, #found, 2 do
	list[#list + 1] = {found[i], tonumber(found[i + 1])}
end
return {'STATUS', redis.call('ZCARD', holders), list}
