-- rate_limit.list_taken v1
local window, stats = KEYS[1], KEYS[2]
local limit = ARGV[1]
local limit = not limit and 10 or #limit <= 3 and string.find(limit, '^%d+$') and tonumber(limit, 10)
if not limit or limit > 100 then
	return redis.error_reply('BADARG limit: must be an integer from 0 to 100')
end
if #KEYS ~= 2 then
	return redis.error_reply('BADARG keys: must be 2, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local function now_ms()
	local t = redis.call('TIME')
	return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local rows = {}
local found = redis.call('ZRANGE', window, 0, limit - 1, 'WITHSCORES')
for i = 1, #found, 2 do
	rows[#rows + 1] = {found[i], now_ms() - tonumber(found[i + 1])}
end
return {'LISTED', redis.call('HGET', stats, 'refused') or '0', rows}
