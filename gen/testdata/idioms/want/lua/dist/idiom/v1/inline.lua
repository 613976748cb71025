-- idiom.inline v1
return redis.call('INCR', KEYS[1])
