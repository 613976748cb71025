-- idiom.helper v1
local function read(key)
	return tonumber(redis.call('GET', key) or '0')
end
return read(KEYS[1]) + read(KEYS[2])
