-- rate_limit.list_taken v1
local window, stats = KEYS[1], KEYS[2]
local limit = 10
if ARGV[1] then
	local given = #ARGV[1] <= 3 and string.find(ARGV[1], '^%d+$') and tonumber(ARGV[1], 10)
	if not given or given > 100 then
		return redis.error_reply('BADARG limit: must be an integer from 0 to 100')
	end
	limit = given
	if #ARGV > 1 then
		return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 2 then
	return redis.error_reply('BADARG keys: must be 2, are ' .. #KEYS)
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
