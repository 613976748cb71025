-- mutex.acquire v1
local lock, fence, queue, waiters = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token = ARGV[1]
if not token then
	return redis.error_reply('BADARG token: missing')
end
if #token < 1 or #token > 512 then
	return redis.error_reply('BADARG token: must have 1 to 512 bytes, has ' .. #token)
end
local lease = ARGV[2]
if not lease then
	return redis.error_reply('BADARG lease: missing')
end
local lease = #lease <= 10 and string.find(lease, '^%d+$') and tonumber(lease, 10)
if not lease or lease < 1 or lease > 2147483647 then
	return redis.error_reply('BADARG lease: must be an integer from 1 to 2147483647')
end
local presence, wake, channel, fences = 0, 'poll', '', 1
if ARGV[3] then
	local given = #ARGV[3] <= 5 and string.find(ARGV[3], '^%d+$') and tonumber(ARGV[3], 10)
	if not given or given > 60000 then
		return redis.error_reply('BADARG presence: must be an integer from 0 to 60000')
	end
	presence = given
	wake = ARGV[4] or wake
	if wake ~= 'poll' and wake ~= 'push' and wake ~= 'broadcast' then
		return redis.error_reply('BADARG wake: must be poll, push or broadcast')
	end
	channel = ARGV[5] or channel
	if #channel > 512 then
		return redis.error_reply('BADARG channel: must have 0 to 512 bytes, has ' .. #channel)
	end
	if channel == '' and wake ~= 'poll' then
		return redis.error_reply('BADARG channel: must be named when wake is not poll')
	end
	local given = not ARGV[6] and 1 or #ARGV[6] <= 2 and string.find(ARGV[6], '^%d+$') and tonumber(ARGV[6], 10)
	if not given or given < 1 or given > 64 then
		return redis.error_reply('BADARG fences: must be an integer from 1 to 64')
	end
	fences = given
	if #ARGV > 6 then
		return redis.error_reply('BADARG arguments: must be 6 at most, are ' .. #ARGV)
	end
end
if #KEYS ~= 4 then
	return redis.error_reply('BADARG keys: must be 4, are ' .. #KEYS)
end
local time
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
local there = redis.call('EXISTS', queue, queue, fence)
local set = there < 2 and redis.pcall('SET', lock, token, 'NX', 'PX', ARGV[2])
if set and set.ok then
	local f, owned = next_fence(lease, fences, there == 0)
	if not f then
		redis.call('DEL', lock)
		return owned
	end
	return {'GRANTED', f, lease, owned}
end
local function grant(to, lease, wish)
	local f, fences, ago = next_fence(lease, wish)
	if f then
		redis.call('SET', lock, to, 'PX', lease)
	end
	return f, fences, ago
end
local function lease_left()
	local left = redis.call('PTTL', lock)
	return left == -2 and 0 or left
end
local function renew(lease)
	local left = lease_left()
	local kept = math.max(left, lease)
	local f = redis.pcall('GET', fence)
	if type(f) == 'table' then
		return nil, f
	end
	local number = f and string.find(f, '^[1-9]%d*$') and #f <= 16 and tonumber(f, 10)
	if number and number <= 9007199254740991 then
		local err = retain_fence(kept)
		if err then
			return nil, err
		end
	else
		local made, err = next_fence(kept, 1)
		if not made then
			return nil, err
		end
		number = made
	end
	if left < lease then
		redis.call('PEXPIRE', lock, lease)
	end
	return number, kept
end
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
	return string.format('%.0f %d %d %s ', now_ms() + w.presence, math.min(w.lease, w.presence), w.fences, w.wake) .. w.channel
end
local function read_record(text)
	local presence_end, lease, fences, wake, channel = string.match(text or '', '^(%d+) ([1-9]%d*) ([1-9]%d*) (%S+) (.*)$')
	if lease and number_of(presence_end, 9007199254740991) >= now_ms() then
		return number_of(lease, 2147483647), number_of(fences, 64), wake, channel
	end
end
local function next_arrival()
	local tail = redis.call('ZREVRANGE', queue, 0, 0, 'WITHSCORES')
	return tail[2] and tonumber(tail[2]) + 1 or 1
end
local function position_of(who)
	return redis.call('ZRANK', queue, who) + 1
end
local function retain_queue()
	redis.call('PEXPIRE', queue, 120000)
	redis.call('PEXPIRE', waiters, 120000)
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
local function follow(successor, head)
	local second = head[3] and tonumber(head[4])
	local arrival = head[3] and next_arrival() or tonumber(head[2]) + 1
	redis.call('HSET', waiters, successor.token, record_of(successor))
	if redis.call('ZADD', queue, 'NX', arrival, successor.token) == 1 then
		local position = second and arrival - second + 1 or 1
		successor.position = position < 9007199254740991 and position or nil
	end
	successor.stands = true
end
local function hand_off(caller, own_channel, head)
	local t = server_time()
	if t.err then
		return 'error', t
	end
	for _ = 1, 64 do
		head = head or redis.pcall('ZRANGE', queue, '0', '1', 'WITHSCORES')
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
		local lease, wish, wake, channel = read_record(record)
		local ours = caller and who == caller.token
		if ours then
			lease, wish = caller.lease, caller.fences
		end
		if lease then
			local f, fences, ago = grant(who, lease, wish)
			if not f then
				return 'error', fences
			end
			local g = {token = who, fence = f, lease = lease, fences = fences}
			if caller and not ours and not caller.stands then
				follow(caller, head)
			end
			if not ago or now_us() % 30000000 < ago then
				retain_queue()
			end
			leave(who)
			if ours or wake == 'poll' then
				return 'granted', g
			end
			if channel == own_channel and (wake == 'push' or wake == 'broadcast') then
				g.untold = true
				return 'granted', g
			end
			if tell(g, wake, channel) then
				return 'granted', g
			end
			redis.call('DEL', lock)
		else
			leave(who)
		end
		head = nil
		if caller then
			caller.position = nil
		end
	end
	return 'more'
end
local holder = redis.pcall('GET', lock)
if type(holder) == 'table' then
	return holder
end
if holder == token then
	local f, kept = renew(lease)
	if not f then
		return kept
	end
	return {'GRANTED', f, kept, 1}
end
local caller = {
	token = token, lease = lease, presence = presence, wake = wake, channel = channel, fences = fences,
	stands = true,
}
if not holder then
	local outcome, g = hand_off(caller)
	if outcome == 'error' then
		return g
	end
	if outcome == 'granted' and g.token == token then
		return {'GRANTED', g.fence, lease, g.fences}
	end
	if outcome == 'empty' then
		local f, owned = grant(token, lease, fences)
		if not f then
			return owned
		end
		return {'GRANTED', f, lease, owned}
	end
end
if presence > 0 then
	local position, err = stand(caller)
	if err then
		return err
	end
	return {'QUEUED', lease_left(), position}
end
if set and string.find(set.err, '^READONLY') then
	return set
end
return {'HELD', lease_left()}
