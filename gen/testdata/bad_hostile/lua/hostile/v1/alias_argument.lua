---@script hostile.alias_argument
---@version 1
---redis.call handed to a function.
---@key data string `{name}`
---@return integer

local function run(f)
  f('FLUSHALL')
end
run(redis.call)
return redis.call('EXISTS', KEYS[1])
