---@script idiom.spin
---@version 1
---Wait for a key in a loop.
---@key data string `{name}`
---@return integer

while true do
  if redis.call('EXISTS', KEYS[1]) == 1 then
    redis.log(redis.LOG_NOTICE, 'there')
  end
end
