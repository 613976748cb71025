---@script idiom.log
---@version 1
---Log, and answer OK.
---@key data string `{name}`
---@return string
---@example "k" => "OK"

redis.log(redis.LOG_NOTICE, 'seen')
redis.call('PSETEX', KEYS[1], 1000, 'x')
return {ok = 'OK'}
