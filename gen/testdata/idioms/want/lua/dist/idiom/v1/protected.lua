-- idiom.protected v1
local ok, value = pcall(function() return redis.call('GET', KEYS[1]) end)
if ok then
	return value
end
return false
