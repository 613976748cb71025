---@script idiom.take_job
---@version 1
---Take a job, and keep it until it is done.
---@key ready list `{name}`
---@key taken list companion `:taken`
---@repeat unsafe
---@return string?
---@example "k" "{k}:taken" => null

return redis.call('LMOVE', KEYS[1], KEYS[2], 'RIGHT', 'LEFT')
