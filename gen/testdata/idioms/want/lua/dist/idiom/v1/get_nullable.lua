-- idiom.get_nullable v1
return redis.call('GET', KEYS[1])
