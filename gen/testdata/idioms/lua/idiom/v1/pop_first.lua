---@script idiom.pop_first
---@version 1
---The first of a priority queue, with its score.
---@key jobs zset `{name}`
---@repeat unsafe
---@reply JOB job:string priority:float
---@reply NONE
---@example "k" => ["NONE"]

local job = redis.call('ZPOPMIN', KEYS[1])
if #job == 0 then
  return {'NONE'}
end
return {'JOB', job[1], job[2]}
