-- idiom.pop_first v1
local job = redis.call('ZPOPMIN', KEYS[1])
if #job == 0 then
	return {'NONE'}
end
return {'JOB', job[1], job[2]}
