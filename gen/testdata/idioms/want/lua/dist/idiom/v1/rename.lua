-- idiom.rename v1
if redis.call('EXISTS', KEYS[1]) == 1 then
	redis.call('RENAME', KEYS[1], KEYS[2])
	return 1
end
return 0
