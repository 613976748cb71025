-- idiom.bits v1
return redis.call('BITCOUNT', KEYS[1])
