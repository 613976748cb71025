-- idiom.set_version v1
local doc = KEYS[1]
local version = ARGV[1]
if not version then
	return redis.error_reply('BADARG version: missing')
end
local version = #version <= 10 and string.find(version, '^%d+$') and tonumber(version, 10)
if not version or version > 1000000000 then
	return redis.error_reply('BADARG version: must be an integer from 0 to 1000000000')
end
local text = ARGV[2]
if not text then
	return redis.error_reply('BADARG text: missing')
end
if #text > 4096 then
	return redis.error_reply('BADARG text: must have 0 to 4096 bytes, has ' .. #text)
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local now = tonumber(redis.call('HGET', doc, 'version') or 0)
if now ~= version then
	return {'CONFLICT', now}
end
redis.call('HSET', doc, 'version', version + 1, 'text', text)
return {'WRITTEN', version + 1}
