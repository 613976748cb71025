-- idiom.take_job v1
return redis.call('LMOVE', KEYS[1], KEYS[2], 'RIGHT', 'LEFT')
