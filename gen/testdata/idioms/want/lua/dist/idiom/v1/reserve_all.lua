-- idiom.reserve_all v1
for i, stock in ipairs(KEYS) do
	if tonumber(redis.call('GET', stock) or 0) < 1 then
		return {'MISSING', i}
	end
end
for _, stock in ipairs(KEYS) do
	redis.call('DECR', stock)
end
return {'RESERVED'}
