-- idiom.bucket v1
local bucket = KEYS[1]
local capacity = ARGV[1]
if not capacity then
	return redis.error_reply('BADARG capacity: missing')
end
local capacity = #capacity <= 7 and string.find(capacity, '^%d+$') and tonumber(capacity, 10)
if not capacity or capacity < 1 or capacity > 1000000 then
	return redis.error_reply('BADARG capacity: must be an integer from 1 to 1000000')
end
local rate = ARGV[2]
if not rate then
	return redis.error_reply('BADARG rate: missing')
end
local rate = #rate <= 7 and string.find(rate, '^%d+$') and tonumber(rate, 10)
if not rate or rate < 1 or rate > 1000000 then
	return redis.error_reply('BADARG rate: must be an integer from 1 to 1000000')
end
local wanted = 1
if ARGV[3] then
	local given = #ARGV[3] <= 7 and string.find(ARGV[3], '^%d+$') and tonumber(ARGV[3], 10)
	if not given or given < 1 or given > 1000000 then
		return redis.error_reply('BADARG wanted: must be an integer from 1 to 1000000')
	end
	wanted = given
	if #ARGV > 3 then
		return redis.error_reply('BADARG arguments: must be 3 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local state = redis.call('HMGET', bucket, 'tokens', 'at')
local tokens = tonumber(state[1]) or capacity
local at = tonumber(state[2]) or now
tokens = math.min(capacity, tokens + math.max(0, now - at) * rate / 1000)
if tokens < wanted then
	return {'DENIED', math.ceil((wanted - tokens) * 1000 / rate)}
end
tokens = tokens - wanted
redis.call('HSET', bucket, 'tokens', string.format('%.17g', tokens), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', bucket, math.ceil(capacity / rate * 1000))
return {'GRANTED', string.format('%.17g', tokens)}
