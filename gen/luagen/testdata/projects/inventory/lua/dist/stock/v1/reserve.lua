-- stock.reserve v1
local item = KEYS[1]
local count = ARGV[1]
if not count then
	return redis.error_reply('BADARG count: missing')
end
local count = #count <= 7 and string.find(count, '^%d+$') and tonumber(count, 10)
if not count or count < 1 or count > 1000000 then
	return redis.error_reply('BADARG count: must be an integer from 1 to 1000000')
end
local who = ARGV[2]
if not who then
	return redis.error_reply('BADARG who: missing')
end
if #who < 1 or #who > 64 then
	return redis.error_reply('BADARG who: must have 1 to 64 bytes, has ' .. #who)
end
if #KEYS ~= 1 then
	return redis.error_reply('BADARG keys: must be 1, are ' .. #KEYS)
end
if #ARGV > 2 then
	return redis.error_reply('BADARG arguments: must be 2 at most, are ' .. #ARGV)
end
local text = redis.call('GET', item)
if not text then
	return {err = 'ENOITEM no such item'}
end
local record = cjson.decode(text)
if record.stock < count then
	local reserved = {}
	for name, n in pairs(record.reserved or {}) do
		reserved[#reserved + 1] = name
		reserved[#reserved + 1] = string.format('%.0f', n)
	end
	return {'SHORT', record.stock, reserved}
end
record.reserved = record.reserved or {}
record.reserved[who] = (record.reserved[who] or 0) + count
record.stock = record.stock - count
redis.call('SET', item, cjson.encode(record))
return {'RESERVED', record.stock, record.note or false}
