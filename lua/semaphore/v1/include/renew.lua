-- Raises a lease to `lease` ms at least, and never shortens it; a record that was lost is restored if the weight is known.
-- Returns the fence and what is left of the lease, or nil and the error to answer with: then nothing has changed.
local function renew(who, lease, weight, limit, stop, record)
  local left = stop - now_ms()
  local kept = math.max(left, lease)
  local counter = redis.pcall('GET', fence)
  if type(counter) == 'table' then
    return nil, counter
  end
  local f = read_holder(record)
  local lost, err = not f, nil
  if lost then
    f, err = next_fence(kept, 1)
  else
    err = retain_fence(kept)
  end
  if type(err) == 'table' then
    return nil, err
  end
  redis.call('ZADD', holders, now_ms() + kept, who)
  moved = true
  if lost and weight > 0 and known then
    if used >= UNKNOWN then
      used = used - UNKNOWN
    else
      count = count + 1
    end
    used, last_limit = used + weight, limit
    write_holder(who, f, weight, limit)
  end
  return f, kept
end
