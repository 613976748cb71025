-- How a call that wrote something ends. `empty`: nobody waits. Returns the error to answer with.
local function finish(empty)
  local err = drop()
  if err then
    return err
  end
  if known and size == 0 and empty and touched then
    redis.call('UNLINK', members)
    return nil
  end
  -- Records that belong to nobody go in bounded steps.
  if passes > 0 and (touched or moved) then
    local page = redis.pcall('HSCAN', members, cursor, 'COUNT', BOUND)
    cursor, touched = page.err and '0' or page[1], true
    for i = 1, page.err and 0 or #page[2], 2 do
      local who = page[2][i]
      if who ~= '' and not redis.call('ZSCORE', holders, who) and not redis.pcall('ZSCORE', pending, who) then
        redis.call('HDEL', members, who)
      end
    end
    if cursor == '0' then
      passes = passes - 1
    end
  end
  if known and touched then
    redis.call('HSET', members, '', state())
  end
  if moved then
    -- With the first millisecond in which no lease is left. If that is now, or is past, the key is deleted at once.
    local latest = redis.call('ZREVRANGE', holders, 0, 0, 'WITHSCORES')
    local stop = lease_of(latest[2])
    if stop then
      redis.call('PEXPIREAT', holders, stop + 1)
    end
    if known then
      retain_members(stop and stop - now_ms() or 0)
    end
  end
end
