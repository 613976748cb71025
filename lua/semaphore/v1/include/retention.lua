local function retain_queue()
  redis.call('PEXPIRE', pending, RETENTION)
  retain_members(0)
end
