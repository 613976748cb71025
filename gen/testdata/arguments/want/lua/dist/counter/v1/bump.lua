-- counter.bump v1
local total = KEYS[1]
local by = ARGV[1]
if not by then
	return redis.error_reply('BADARG by: missing')
end
local by = #by <= 3 and string.find(by, '^%-?%d+$') and tonumber(by, 10) + 0
if not by or by < -99 or by > 99 then
	return redis.error_reply('BADARG by: must be an integer from -99 to 99')
end
local unit = ARGV[2]
if not unit then
	return redis.error_reply('BADARG unit: missing')
end
if unit ~= 'one' and unit ~= 'dozen' then
	return redis.error_reply('BADARG unit: must be one or dozen')
end
local from = ARGV[3]
if not from then
	return redis.error_reply('BADARG from: missing')
end
local from = #from <= 2 and string.find(from, '^%-?%d+$') and tonumber(from, 10) + 0
if not from or from < -5 or from > -1 then
	return redis.error_reply('BADARG from: must be an integer from -5 to -1')
end
local size = ARGV[4]
local size = not size and 7 or #size <= 4 and string.find(size, '^%d+$') and tonumber(size, 10)
if not size or size < 5 or size > 2000 then
	return redis.error_reply('BADARG size: must be an integer from 5 to 2000')
end
local label = ARGV[5] or 'abc'
if #label < 3 or #label > 5 then
	return redis.error_reply('BADARG label: must have 3 to 5 bytes, has ' .. #label)
end
local note = ARGV[6] or ''
if #note > 4 then
	return redis.error_reply('BADARG note: must have 0 to 4 bytes, has ' .. #note)
end
local count = ARGV[7]
local count = not count and 0 or #count <= 2 and string.find(count, '^%d+$') and tonumber(count, 10)
if not count or count > 30 or count == 0 and (note ~= '' or unit == 'dozen') then
	return redis.error_reply('BADARG count: must be an integer from ' .. ((note ~= '' or unit == 'dozen') and 1 or 0) .. ' to 30')
end
local mode = ARGV[8] or 'soft'
if mode ~= 'soft' and mode ~= 'hard' and mode ~= 'it_s' then
	return redis.error_reply('BADARG mode: must be soft, hard or it_s')
end
local reason = ARGV[9] or ''
if #reason > 9 then
	return redis.error_reply('BADARG reason: must have 0 to 9 bytes, has ' .. #reason)
end
if reason == '' and (mode == 'hard' or mode == 'it_s') then
	return redis.error_reply('BADARG reason: must be named when mode is hard or it_s')
end
if reason == '' and mode ~= 'soft' and mode ~= 'hard' then
	return redis.error_reply('BADARG reason: must be named when mode is not soft or hard')
end
local limit = ARGV[10]
local limit = not limit and 0 or #limit <= 2 and string.find(limit, '^%d+$') and tonumber(limit, 10)
if not limit or limit > 10 or limit == 0 and reason ~= '' then
	return redis.error_reply('BADARG limit: must be an integer from ' .. (reason ~= '' and 1 or 0) .. ' to 10')
end
if note == '' and limit ~= 0 then
	return redis.error_reply('BADARG note: must be named when limit is not 0')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 10 then
	return redis.error_reply('BADARG arguments: must be 10 at most, are ' .. #ARGV)
end
return {'BUMPED', by * count * size * limit + from, unit .. label .. note .. mode .. reason}
