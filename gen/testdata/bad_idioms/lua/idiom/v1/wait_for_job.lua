---@script idiom.wait_for_job
---@version 1
---Wait until there is a job.
---@key jobs list `{name}`
---@return strings?

return redis.call('BLPOP', KEYS[1], 5)
