-- idiom.log v1
redis.log(redis.LOG_NOTICE, 'seen')
redis.call('PSETEX', KEYS[1], 1000, 'x')
return {ok = 'OK'}
