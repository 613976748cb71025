-- idiom.move v1
return redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT')
