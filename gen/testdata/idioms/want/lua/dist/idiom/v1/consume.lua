-- idiom.consume v1
return redis.call('GETDEL', KEYS[1])
