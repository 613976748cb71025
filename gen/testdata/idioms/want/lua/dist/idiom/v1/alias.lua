-- idiom.alias v1
local rcall = redis.call
return rcall('HGETALL', KEYS[1])
