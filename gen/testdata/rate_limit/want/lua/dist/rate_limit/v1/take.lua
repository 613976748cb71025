-- rate_limit.take v1
local window, stats = KEYS[1], KEYS[2]
local id = ARGV[1]
if not id then
	return redis.error_reply('BADARG id: missing')
end
if #id < 1 or #id > 64 then
	return redis.error_reply('BADARG id: must have 1 to 64 bytes, has ' .. #id)
end
local limit = ARGV[2]
if not limit then
	return redis.error_reply('BADARG limit: missing')
end
local limit = #limit <= 4 and string.find(limit, '^%d+$') and tonumber(limit, 10)
if not limit or limit < 1 or limit > 1000 then
	return redis.error_reply('BADARG limit: must be an integer from 1 to 1000')
end
local span = ARGV[3]
if not span then
	return redis.error_reply('BADARG span: missing')
end
local span = #span <= 7 and string.find(span, '^%d+$') and tonumber(span, 10)
if not span or span < 1000 or span > 3600000 then
	return redis.error_reply('BADARG span: must be an integer from 1000 to 3600000')
end
local mode, notice = 'strict', ''
if ARGV[4] then
	mode = ARGV[4]
	if mode ~= 'strict' and mode ~= 'lenient' then
		return redis.error_reply('BADARG mode: must be strict or lenient')
	end
	notice = ARGV[5] or notice
	if #notice > 64 then
		return redis.error_reply('BADARG notice: must have 0 to 64 bytes, has ' .. #notice)
	end
	if #ARGV > 5 then
		return redis.error_reply('BADARG arguments: must be 5 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 2 then
	return redis.error_reply('BADARG keys: must be 2, are ' .. #KEYS)
end
local function now_ms()
	local t = redis.call('TIME')
	return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end
local function window_start(now, span)
	return now - span
end
local now = now_ms()
redis.call('ZREMRANGEBYSCORE', window, '-inf', window_start(now, span))
local taken = redis.pcall('ZCARD', window)
if type(taken) == 'table' then
	return taken
end
if taken >= limit and not redis.call('ZSCORE', window, id) then
	redis.call('HINCRBY', stats, 'refused', mode == 'strict' and 1 or 0)
	if notice ~= '' then
		redis.call('PUBLISH', notice, id)
	end
	local first = redis.call('ZRANGE', window, 0, 0, 'WITHSCORES')
	return {'REFUSED', first[2] + span - now}
end
redis.call('ZADD', window, string.format('%.0f', now), id)
redis.call('PEXPIRE', window, span)
return {'TAKEN', limit - redis.call('ZCARD', window)}
