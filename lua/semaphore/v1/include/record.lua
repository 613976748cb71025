-- What the server knows of a waiter: `presence_end lease fences weight limit wake channel`. What a later version adds to it
-- stands behind the wake mode and in the same word, as in `push;more`, so that this version still reads its own fields.

local RECORD = '^(%d+) ([1-9]%d*) ([1-9]%d*) ([1-9]%d*) ([1-9]%d*) (%S+) (.*)$'
local MOST_FENCES = 64

-- How a record is written. The channel stays out of the format: %s ends at a NUL byte.
local function record_of(w)
  return string.format('%.0f %d %d %d %d %s ', now_ms() + w.presence, math.min(w.lease, w.presence), w.fences, w.weight,
    w.limit, w.wake) .. w.channel
end

-- The waiter of a record, or nil if that is none.
local function read_record(text)
  local presence_end, lease, fences, weight, limit, wake, channel = string.match(text or '', RECORD)
  if not lease then
    return nil
  end
  return {
    presence_end = number_of(presence_end, FENCE_LIMIT), lease = number_of(lease, LONGEST_LEASE),
    fences = number_of(fences, MOST_FENCES), weight = number_of(weight, LONGEST_LEASE),
    limit = number_of(limit, LONGEST_LEASE), wake = wake, channel = channel,
  }
end

local function alive(w)
  return w and w.presence_end >= now_ms() and w.weight <= w.limit
end
