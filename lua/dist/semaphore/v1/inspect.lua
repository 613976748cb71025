-- semaphore.inspect v1
local holders, fence, pending, members = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local rows = 10
if ARGV[1] then
	local given = #ARGV[1] <= 4 and string.find(ARGV[1], '^%d+$') and tonumber(ARGV[1], 10)
	if not given or given > 1000 then
		return redis.error_reply('BADARG rows: must be an integer from 0 to 1000')
	end
	rows = given
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
local function record_of(w)
	return string.format('%.0f %d %d %d %d %s ', now_ms() + w.presence, math.min(w.lease, w.presence), w.fences, w.weight,
		w.limit, w.wake) .. w.channel
end
local function read_record(text)
	local presence_end, lease, fences, weight, limit, wake, channel = string.match(text or '', '^(%d+) ([1-9]%d*) ([1-9]%d*) ([1-9]%d*) ([1-9]%d*) (%S+) (.*)$')
	if not lease then
		return nil
	end
	return {
		presence_end = number_of(presence_end, 9007199254740991), lease = number_of(lease, 2147483647),
		fences = number_of(fences, 64), weight = number_of(weight, 2147483647),
		limit = number_of(limit, 2147483647), wake = wake, channel = channel,
	}
end
local function alive(w)
	return w and w.presence_end >= now_ms() and w.weight <= w.limit
end
local used, count, last_limit = 0, 0, 0
local cursor, passes = '0', 0
local size
local gone = {}
local many_gone = false
local known, fresh = true, nil
local touched, moved = false, false
local function exact(digits)
	return #digits <= 16 and math.min(tonumber(digits, 10), 9007199254740991) or 9007199254740991
end
local function read_holder(text)
	local f, weight, limit = string.match(text or '', '^([1-9]%d*) ([1-9]%d*) ([1-9]%d*)%S*$')
	if f then
		return exact(f), number_of(weight, 2147483647), number_of(limit, 2147483647)
	end
end
local function read_state(text, there)
	local u, n, l, c, p = string.match(text or '', '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
	if u then
		used, count, last_limit = exact(u), number_of(n, 9007199254740991), number_of(l, 2147483647)
		cursor, passes = c, number_of(p, 2)
	else
		used, count = there * 2147483648, there
	end
end
local function lease_of(score)
	local stop = score and (tonumber(score) or 9007199254740991)
	if stop then
		return math.floor(math.min(stop, now_ms() + 2147483647)), stop >= now_ms()
	end
end
local function forget(record)
	local f, weight = read_holder(record)
	if f or used >= 2147483648 then
		used, count = math.max(used - (weight or 2147483648), 0), math.max(count - 1, 0)
	end
end
local function reset_if_empty()
	if size == 0 and used + count > 0 then
		used, count, passes, touched = 0, 0, cursor == '0' and 1 or 2, true
	end
end
local function end_of(who, score)
	local stop, live = lease_of(score)
	if stop and not live then
		gone[#gone + 1] = who
	end
	return live and stop
end
local function look(token, other)
	local t = server_time()
	if t.err then
		return t
	end
	local score = redis.pcall('ZSCORE', holders, token)
	if type(score) == 'table' then
		return score
	end
	local stop = end_of(token, score)
	local other_stop = other and end_of(other, redis.call('ZSCORE', holders, other))
	size = redis.call('ZCARD', holders)
	if size > (stop and 1 or 0) then
		local over = redis.call('ZRANGEBYSCORE', holders, '-inf', string.format('(%.0f', now_ms()), 'LIMIT', 0, 64)
		many_gone = #over == 64
		for _, who in ipairs(over) do
			if who ~= token and who ~= other then
				gone[#gone + 1] = who
			end
		end
	end
	local records = redis.pcall('HMGET', members, '', token, other or token, unpack(gone))
	if records.err then
		known = false
		return records, stop, other_stop
	end
	fresh = not records[1]
	read_state(records[1], size)
	size = size - #gone
	for i = 1, #gone do
		forget(records[i + 3])
	end
	reset_if_empty()
	return nil, stop, other_stop, records[2], records[3]
end
local function next_end()
	local first = redis.call('ZRANGE', holders, 0, 0, 'WITHSCORES')
	local stop, live = lease_of(first[2])
	return live and stop - now_ms() + 1 or 0
end
local err = look('')
if err then
	return err
end
local queued = redis.pcall('ZCARD', pending)
if type(queued) == 'table' then
	return queued
end
local recorded = math.max(count - math.floor(used / 2147483648), 0)
local list = {}
local live = rows > 0 and redis.call('ZRANGEBYSCORE', holders, now_ms(), '+inf', 'WITHSCORES', 'LIMIT', 0, rows) or {}
for i = 1, #live, 2 do
	local f, weight = read_holder(redis.call('HGET', members, live[i]))
	list[#list + 1] = {live[i], f or 0, weight or 0, lease_of(live[i + 1]) - now_ms()}
end
local line = {}
for i, who in ipairs(rows > 0 and redis.call('ZRANGE', pending, 0, rows - 1) or {}) do
	local w = read_record(redis.call('HGET', members, who)) or {weight = 0, limit = 0, presence_end = 0}
	local left = math.min(math.max(w.presence_end - now_ms(), 0), 2147483647)
	line[i] = {who, w.weight, w.limit, left}
end
return {'STATUS', used % 2147483648, last_limit, size, recorded, queued, now_us(), list, line}
