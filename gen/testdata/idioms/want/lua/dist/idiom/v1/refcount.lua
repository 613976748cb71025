-- idiom.refcount v1
local left = redis.call('DECR', KEYS[1])
if left <= 0 then
	redis.call('DEL', KEYS[1], KEYS[2])
	return 0
end
return left
