-- idiom.recursive v1
local function sum(n)
	if n == 0 then
		return 0
	end
	return n + sum(n - 1)
end
local function down(n)
	if n < 0 then
		error('LOW it has an end')
	end
	down(n - 1)
end
pcall(down, 3)
return sum(3) + redis.call('LLEN', KEYS[1])
