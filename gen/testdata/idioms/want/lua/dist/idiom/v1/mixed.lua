-- idiom.mixed v1
local name = redis.call('HGET', KEYS[1], 'name')
return {'FOUND', name, string.format('%.17g', 0.5), true, {'a', 'b'}, redis.call('HGETALL', KEYS[1])}
