-- Raises how long the records are kept, never shortens it: for as long as the latest lease, and the presence of who waits. A
-- hash without expiry is a new one, or was given none by somebody else.

local RETENTION = 120000 -- ms; twice the longest presence

local function retain_members(ms)
  ms = math.max(RETENTION, ms)
  if redis.call('PEXPIRE', members, ms, 'GT') == 0 then
    redis.call('PEXPIRE', members, ms, 'NX')
  end
end

local function retain_queue()
  redis.call('PEXPIRE', pending, RETENTION)
  retain_members(RETENTION)
end
