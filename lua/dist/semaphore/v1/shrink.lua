-- semaphore.shrink v1
local holders, fence, pending, members = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token = ARGV[1]
if not token then
	return redis.error_reply('BADARG token: missing')
end
if #token < 1 or #token > 512 then
	return redis.error_reply('BADARG token: must have 1 to 512 bytes, has ' .. #token)
end
local weight = ARGV[2]
if not weight then
	return redis.error_reply('BADARG weight: missing')
end
local weight = #weight <= 10 and string.find(weight, '^%d+$') and tonumber(weight, 10)
if not weight or weight < 1 or weight > 2147483647 then
	return redis.error_reply('BADARG weight: must be an integer from 1 to 2147483647')
end
local channel = ''
if ARGV[3] then
	channel = ARGV[3]
	if #channel > 512 then
		return redis.error_reply('BADARG channel: must have 0 to 512 bytes, has ' .. #channel)
	end
	if #ARGV > 3 then
		return redis.error_reply('BADARG arguments: must be 3 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 4 then
	return redis.error_reply('BADARG keys: must be 4, are ' .. #KEYS)
end
local writable = redis.pcall('ZREM', holders, '')
if type(writable) == 'table' then
	return writable
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
local err, stop, _, record = look(token)
if err then
	return err
end
if not stop then
	return {'NOTHELD'}
end
local function retain_fence(lease)
	local ms = math.max(3600000, lease)
	local raised = redis.pcall('PEXPIRE', fence, ms, 'GT')
	if raised == 0 then
		raised = redis.pcall('PEXPIRE', fence, ms, 'NX')
	end
	return type(raised) == 'table' and raised or nil
end
local function next_fence(lease, wish, absent)
	time = time or redis.pcall('TIME')
	if time.err then
		return nil, time
	end
	local digits = time[1] .. (#time[2] == 6 and time[2] or string.sub('00000' .. time[2], -6))
	local f = tonumber(digits, 10)
	if absent then
		local set = redis.pcall('SET', fence, digits, 'PX', math.max(3600000, lease))
		if set.err then
			return nil, set
		end
		return f, 1
	end
	local last = redis.pcall('SET', fence, digits, 'KEEPTTL', 'GET')
	if type(last) == 'table' then
		return nil, last
	end
	local before = last and tonumber(last, 10)
	if before and before < f and (wish == 1 or string.find(last, '^[1-9]%d*$')) then
		local ago = f - before
		if f % 60000000 < ago or lease > 3540000 then
			retain_fence(lease)
		end
		return f, wish == 1 and 1 or math.min(wish, ago), ago
	end
	if last and string.find(last, '^[1-9]%d*$') then
		if #last > 16 or before >= 9007199254740991 then
			redis.call('SET', fence, last, 'KEEPTTL')
			return nil, redis.error_reply('BADFENCE the fence counter has passed 2^53 - 1')
		end
		f = before + 1
		redis.call('SET', fence, f, 'KEEPTTL')
	end
	retain_fence(lease)
	return f, 1
end
local function retain_members(left)
	local ms = left + 120000
	if redis.call('PEXPIRE', members, ms, 'GT') == 0 and fresh then
		redis.call('PEXPIRE', members, ms, 'NX')
	end
end
local function drop()
	if gone[1] then
		local removed = redis.pcall('ZREM', holders, unpack(gone))
		if type(removed) == 'table' then
			return removed
		end
		redis.pcall('HDEL', members, unpack(gone))
		gone, touched, moved = {}, true, true
	end
end
local function fits(weight, limit)
	return known and count == size and used + weight <= limit
end
local function state()
	return string.format('%.0f %.0f %d %s %d', used, count, last_limit, cursor, passes)
end
local function write_holder(who, f, weight, limit)
	redis.call('HSET', members, '', state(), who, string.format('%.0f %d %d', f, weight, limit))
	touched = false
end
local function grant(who, lease, weight, limit, wish)
	local f, owned = next_fence(lease, wish)
	if not f then
		return nil, owned
	end
	drop()
	local new = redis.call('ZADD', holders, now_ms() + lease, who)
	size, count, used, last_limit, moved = size + new, count + new, used + new * weight, limit, true
	write_holder(who, f, weight, limit)
	return f, owned
end
local function finish(empty)
	local err = drop()
	if err then
		return err
	end
	if known and size == 0 and empty and touched then
		redis.call('UNLINK', members)
		return nil
	end
	if passes > 0 and (touched or moved) then
		local page = redis.pcall('HSCAN', members, cursor, 'COUNT', 64)
		cursor, touched = page.err and '0' or page[1], true
		for i = 1, page.err and 0 or #page[2], 2 do
			local who = page[2][i]
			if who ~= '' and not redis.call('ZSCORE', holders, who) and not redis.pcall('ZSCORE', pending, who) then
				redis.call('HDEL', members, who)
			end
		end
		if cursor == '0' then
			passes = passes - 1
		end
	end
	if known and touched then
		redis.call('HSET', members, '', state())
	end
	if moved then
		local latest = redis.call('ZREVRANGE', holders, 0, 0, 'WITHSCORES')
		local stop = lease_of(latest[2])
		if stop then
			redis.call('PEXPIREAT', holders, stop + 1)
		end
		if known then
			retain_members(stop and stop - now_ms() or 0)
		end
	end
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
local queue, waiters = pending, members
local function next_arrival()
	local tail = redis.call('ZREVRANGE', queue, 0, 0, 'WITHSCORES')
	return tail[2] and tonumber(tail[2]) + 1 or 1
end
local function position_of(who)
	return redis.call('ZRANK', queue, who) + 1
end
local function retain_queue()
	redis.call('PEXPIRE', pending, 120000)
	retain_members(0)
end
local function stand(w, place)
	local t = server_time()
	if t.err then
		return nil, t
	end
	local score = redis.pcall('ZSCORE', queue, w.token)
	if type(score) == 'table' then
		return nil, score
	end
	local written = redis.pcall('HSET', waiters, w.token, record_of(w))
	if type(written) == 'table' then
		return nil, written
	end
	if not score then
		redis.call('ZADD', queue, place or next_arrival(), w.token)
	end
	retain_queue()
	return position_of(w.token)
end
local function leave(who)
	redis.call('ZREM', queue, who)
	redis.pcall('HDEL', waiters, who)
end
local function tell(g, wake, channel)
	local message = g.token .. string.format(' %.0f %d %d', g.fence, g.lease, g.fences)
	return redis.pcall('PUBLISH', channel, message) ~= 0 or wake ~= 'push'
end
local function take_back(who, weight)
	redis.call('ZREM', holders, who)
	redis.call('HDEL', members, who)
	size, count, used, touched = size - 1, count - 1, used - weight, true
end
local function admit(caller, own_channel, granted)
	for _ = 1, 64 do
		local head = redis.pcall('ZRANGE', queue, 0, 0)
		if head.err then
			return 'error', head
		end
		local who = head[1]
		if not who then
			return 'empty'
		end
		local record = redis.pcall('HGET', waiters, who)
		if type(record) == 'table' then
			return 'error', record
		end
		local w = read_record(record)
		local ours = caller and who == caller.token
		if ours then
			w = caller
		end
		if not ours and not alive(w) then
			leave(who)
		elseif not fits(w.weight, w.limit) then
			return many_gone and 'more' or 'full'
		else
			local f, owned = grant(who, w.lease, w.weight, w.limit, w.fences)
			if not f then
				return 'error', owned
			end
			redis.call('ZREM', queue, who)
			w.token, w.fence, w.fences = who, f, owned
			if ours or w.wake == 'poll' then
			elseif w.channel == own_channel and (w.wake == 'push' or w.wake == 'broadcast') then
				granted[#granted + 1] = {who, f, w.lease, owned}
			elseif not tell(w, w.wake, w.channel) then
				take_back(who, w.weight)
			end
		end
	end
	return redis.call('ZCARD', queue) > 0 and 'more' or 'empty'
end
local f, has, limit = read_holder(record)
local kept = math.min(has or weight, weight)
if has and kept < has then
	used = math.max(used - has + kept, 0)
	redis.call('HSET', members, token, string.format('%.0f %d %d', f, kept, limit))
	touched = true
end
local granted = {}
local outcome = admit(nil, channel, granted)
finish()
return {'SHRUNK', kept, outcome == 'more' and 1 or 0, granted}
