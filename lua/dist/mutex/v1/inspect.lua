-- mutex.inspect v1
local lock, fence, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local limit = 10
if ARGV[1] then
	local given = #ARGV[1] <= 4 and string.find(ARGV[1], '^%d+$') and tonumber(ARGV[1], 10)
	if not given or given > 1000 then
		return redis.error_reply('BADARG limit: must be an integer from 0 to 1000')
	end
	limit = given
	if #ARGV > 1 then
		return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 4 then
	return redis.error_reply('BADARG keys: must be 4, are ' .. #KEYS)
end
local time
local function server_time()
	time = time or redis.pcall('TIME')
	return time
end
local function now_us()
	return time[1] * 1000000 + time[2]
end
local function now_ms()
	return math.floor(now_us() / 1000)
end
local function number_of(digits, most)
	return #digits <= 15 and math.min(tonumber(digits, 10), most) or most
end
local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
	return holder
end
local f = redis.pcall('GET', fence)
if type(f) == 'table' then
	return f
end
local queued = redis.pcall('ZCARD', queue)
if type(queued) == 'table' then
	return queued
end
local t = server_time()
if t.err then
	return t
end
local list = {}
for i, who in ipairs(limit > 0 and redis.call('ZRANGE', queue, 0, limit - 1) or {}) do
	local record = redis.pcall('HGET', waiters, who)
	if type(record) == 'table' then
		return record
	end
	local presence_end = number_of(string.match(record or '', '^(%d+) ') or '0', 9007199254740991)
	list[i] = {who, math.min(math.max(presence_end - now_ms(), 0), 2147483647)}
end
local counter = f and string.find(f, '^[1-9]%d*$') and #f <= 16 and tonumber(f, 10) or 0
if counter > 9007199254740991 then
	counter = 0
end
return {'STATUS', holder or '', redis.call('PTTL', lock), counter, now_us(), queued, list}
