-- door.enter v1
local line = KEYS[1]
local taken = redis.call('SPOP', line, 64)
local rows = {}
for i, who in ipairs(taken) do
	rows[i] = {who}
end
return {'IN', rows}
