-- idiom.bounded_while v1
local n = 0
while n < 100 do
	local job = redis.call('RPOP', KEYS[1])
	if not job then
		break
	end
	n = n + 1
end
return n
