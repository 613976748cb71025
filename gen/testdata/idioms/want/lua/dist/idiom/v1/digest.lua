-- idiom.digest v1
return redis.sha1hex(redis.call('GET', KEYS[1]) or '')
