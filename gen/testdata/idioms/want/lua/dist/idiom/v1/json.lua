-- idiom.json v1
local data = KEYS[1]
local delta = ARGV[1]
if not delta then
	return redis.error_reply('BADARG delta: missing')
end
local delta = #delta <= 4 and string.find(delta, '^%-?%d+$') and tonumber(delta, 10) + 0
if not delta or delta < -100 or delta > 100 then
	return redis.error_reply('BADARG delta: must be an integer from -100 to 100')
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 1 then
	return redis.error_reply('BADARG arguments: must be 1 at most, are ' .. #ARGV)
end
local text = redis.call('GET', data)
if not text then
	return {err = 'ENOITEM no such item'}
end
local item = cjson.decode(text)
item.stock = item.stock + delta
redis.call('SET', data, cjson.encode(item))
return cjson.encode(item)
