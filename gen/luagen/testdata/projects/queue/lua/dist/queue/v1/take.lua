-- queue.take v1
local pending, running, known = KEYS[1], KEYS[2], KEYS[3]
local most = ARGV[1]
if not most then
	return redis.error_reply('BADARG most: missing')
end
local most = #most <= 4 and string.find(most, '^%d+$') and tonumber(most, 10)
if not most or most < 1 or most > 1000 then
	return redis.error_reply('BADARG most: must be an integer from 1 to 1000')
end
local lease = ARGV[2]
if not lease then
	return redis.error_reply('BADARG lease: missing')
end
local lease = #lease <= 7 and string.find(lease, '^%d+$') and tonumber(lease, 10)
if not lease or lease < 1 or lease > 3600000 then
	return redis.error_reply('BADARG lease: must be an integer from 1 to 3600000')
end
if #KEYS ~= 3 then
	return redis.error_reply('BADARG keys: must be 3, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local all = redis.call('HGETALL', running)
for i = 1, #all, 2 do
	if tonumber(all[i + 1]) <= now then
		redis.call('HDEL', running, all[i])
		if redis.call('SISMEMBER', known, all[i]) == 1 then
			redis.call('LPUSH', pending, all[i])
		end
	end
end
local rows = {}
for _, job in ipairs(redis.call('LPOP', pending, most) or {}) do
	redis.call('HSET', running, job, string.format('%.0f', now + lease))
	rows[#rows + 1] = {job, now + lease}
end
return rows
