-- Tells a waiter that it has the lock. False: its process is gone. Only push can say so: an error (an ACL without this
-- channel) says nothing of the waiter, which still polls; nor does a count of zero in a cluster, where it covers one node
-- alone, or with a wake mode of a later version.
local function tell(g, wake, channel)
  -- The token stays out of the format: %s ends at a NUL byte.
  local message = g.token .. string.format(' %.0f %d %d', g.fence, g.lease, g.fences)
  return redis.pcall('PUBLISH', channel, message) ~= 0 or wake ~= 'push'
end
