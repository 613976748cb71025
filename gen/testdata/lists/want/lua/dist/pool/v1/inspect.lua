-- pool.inspect v1
local holders = KEYS[1]
local n = 10
if ARGV[1] then
	local given = #ARGV[1] <= 3 and string.find(ARGV[1], '^%d+$') and tonumber(ARGV[1], 10)
	if not given or given > 100 then
		return redis.error_reply('BADARG n: must be an integer from 0 to 100')
	end
	n = given
	if #ARGV > 1 then
		return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
local list = {}
local found = redis.call('ZRANGE', holders, 0, n - 1, 'WITHSCORES')
for i = 1, #found, 2 do
	list[#list + 1] = {found[i], tonumber(found[i + 1])}
end
return {'STATUS', redis.call('ZCARD', holders), list}
