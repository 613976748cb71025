local QUEUE_RETENTION = 120000 -- ms; twice the longest presence
local QUEUE_SLOT = 30000000 -- us: the first hand-off in each half minute renews the retention, so that others need not

local function retain_queue()
  redis.call('PEXPIRE', queue, QUEUE_RETENTION)
  redis.call('PEXPIRE', waiters, QUEUE_RETENTION)
end
