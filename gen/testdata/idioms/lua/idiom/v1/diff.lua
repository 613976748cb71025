---@script idiom.diff
---@version 1
---What one set has and another lacks.
---@key have set `{have}`
---@key lack set `{lack}`
---@readonly
---@return strings
---@example "a" "b" => []

return redis.call('SDIFF', KEYS[1], KEYS[2])
