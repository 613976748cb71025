-- idiom.due_jobs v1
local delayed, ready = KEYS[1], KEYS[2]
local limit = ARGV[1]
if not limit then
	return redis.error_reply('BADARG limit: missing')
end
local limit = #limit <= 4 and string.find(limit, '^%d+$') and tonumber(limit, 10)
if not limit or limit < 1 or limit > 1000 then
	return redis.error_reply('BADARG limit: must be an integer from 1 to 1000')
end
if #KEYS ~= 2 then
	return redis.error_reply('BADARG keys: must be 2, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local t = redis.call('TIME')
local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', t[1], 'LIMIT', 0, limit)
for _, job in ipairs(due) do
	redis.call('ZREM', delayed, job)
	redis.call('RPUSH', ready, job)
end
return #due
