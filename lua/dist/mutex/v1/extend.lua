-- mutex.extend v1
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
if #KEYS ~= 4 then
	return redis.error_reply('BADARG keys: must be 4, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local holder = redis.pcall('GETEX', lock)
if type(holder) == 'table' then
	return holder
end
if holder ~= token then
	return {'NOTHELD', redis.call('PTTL', lock)}
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
local f, kept = renew(lease)
if not f then
	return kept
end
return {'EXTENDED', f, kept}
