-- idiom.gcra v1
local arrival = KEYS[1]
local burst = ARGV[1]
if not burst then
	return redis.error_reply('BADARG burst: missing')
end
local burst = #burst <= 4 and string.find(burst, '^%d+$') and tonumber(burst, 10)
if not burst or burst < 1 or burst > 1000 then
	return redis.error_reply('BADARG burst: must be an integer from 1 to 1000')
end
local period = ARGV[2]
if not period then
	return redis.error_reply('BADARG period: missing')
end
local period = #period <= 7 and string.find(period, '^%d+$') and tonumber(period, 10)
if not period or period < 1 or period > 3600000 then
	return redis.error_reply('BADARG period: must be an integer from 1 to 3600000')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local due = math.max(tonumber(redis.call('GET', arrival) or 0), now)
local early = due + period - burst * period
if early > now then
	return {'WAIT', math.ceil(early - now)}
end
redis.call('SET', arrival, string.format('%.0f', due + period), 'PX', math.ceil(due + period - now))
return {'OK', 0}
