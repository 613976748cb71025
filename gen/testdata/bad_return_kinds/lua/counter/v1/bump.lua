---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@return integer

if redis.call('EXISTS', KEYS[1]) == 1 then return 'text' end
if redis.call('TTL', KEYS[1]) == 5 then return {total = 1} end
if redis.call('TTL', KEYS[1]) == 6 then return 1.5 end
if redis.call('TTL', KEYS[1]) == 7 then return nil end
if redis.call('TTL', KEYS[1]) == 8 then return 1, 2 end
if redis.call('TTL', KEYS[1]) == 9 then return {err = 'NOSUCH thing'} end
