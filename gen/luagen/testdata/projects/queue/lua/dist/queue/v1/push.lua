-- queue.push v1
local pending, running, known = KEYS[1], KEYS[2], KEYS[3]
local jobs = {}
if #ARGV > 5000 then
	return redis.error_reply('BADARG jobs: must be 5000 at most')
end
for i = 1, #ARGV do
	local one = ARGV[i]
	if #one < 1 or #one > 1024 then
		return redis.error_reply('BADARG jobs: must have 1 to 1024 bytes, has ' .. #one)
	end
	jobs[i - 0] = one
end
if #KEYS ~= 3 then
	return redis.error_reply('BADARG keys: must be 3, are ' .. #KEYS)
end
local new = 0
for _, job in ipairs(jobs) do
	if redis.call('SADD', known, job) == 1 then
		redis.call('RPUSH', pending, job)
		new = new + 1
	end
end
return new
