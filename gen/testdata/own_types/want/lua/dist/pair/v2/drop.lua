-- pair.drop v2
local first = KEYS[1]
return {'DROPPED', redis.call('DEL', first)}
