---@script hostile.nested_recursion
---@version 1
---A function that calls itself whatever happens.
---@key data string `{name}`
---@return integer

local function again(n)
  if n > 3 then
    redis.log(redis.LOG_NOTICE, 'still here')
  end
  again(n + 1)
end
again(1)
return redis.call('EXISTS', KEYS[1])
