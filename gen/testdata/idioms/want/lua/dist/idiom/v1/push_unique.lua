-- idiom.push_unique v1
local jobs, known = KEYS[1], KEYS[2]
local job = ARGV[1]
if not job then
	return redis.error_reply('BADARG job: missing')
end
if #job < 1 or #job > 64 then
	return redis.error_reply('BADARG job: must have 1 to 64 bytes, has ' .. #job)
end
if #KEYS ~= 2 then
	return redis.error_reply('BADARG keys: must be 2, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local new = redis.call('SADD', known, job) == 1
if new then
	redis.call('LPUSH', jobs, job)
end
return new
