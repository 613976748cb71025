-- idiom.delete_many v1
return redis.call('DEL', unpack(KEYS))
