-- How a call that wrote something ends.

-- Sweeps records that belong to nobody, a bounded step in each call.
local function sweep()
  local page = redis.pcall('HSCAN', members, cursor, 'COUNT', BOUND)
  if page.err then
    cursor, passes = '0', 0
    return
  end
  for i = 1, #page[2], 2 do
    local who = page[2][i]
    if who ~= '' and not redis.call('ZSCORE', holders, who) and not redis.pcall('ZSCORE', pending, who) then
      redis.call('HDEL', members, who)
    end
  end
  cursor = page[1]
  if cursor == '0' then
    passes = passes - 1
  end
end

-- Writes what the call has come to. `empty`: nobody waits. Returns the error to answer with.
local function finish(empty)
  local err = drop()
  if err then
    return err
  end
  if size == 0 and empty and touched then
    redis.pcall('UNLINK', members)
    return nil
  end
  if touched and known then
    if passes > 0 then
      sweep()
    end
    redis.call('HSET', members, '', state())
    retain_members(0)
  end
  if moved then
    keep()
  end
end
