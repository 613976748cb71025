-- idiom.diff v1
return redis.call('SDIFF', KEYS[1], KEYS[2])
