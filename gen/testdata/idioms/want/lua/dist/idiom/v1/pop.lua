-- idiom.pop v1
redis.call('ZRANGEBYLEX', KEYS[2], '-', '+', 'LIMIT', 0, 10)
return redis.call('SPOP', KEYS[1])
