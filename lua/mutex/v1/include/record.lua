-- What the server knows of a waiter: `presence_end lease fences wake channel`. What a later version adds to it stands behind
-- the wake mode and in the same word, as in `push;more`, so that this version still reads its own fields.

local RECORD = '^(%d+) ([1-9]%d*) ([1-9]%d*) (%S+) (.*)$'
local MOST_FENCES = 64

-- How a record is written. The channel stays out of the format: %s ends at a NUL byte.
local function record_of(w)
  return string.format('%.0f %d %d %s ', now_ms() + w.presence, math.min(w.lease, w.presence), w.fences, w.wake) .. w.channel
end

-- Of a live waiter: how long its grant is to last, how many fences it wants, its wake mode and its channel. Nil if it is not
-- alive: its presence has passed, or that is no record.
local function read_record(text)
  local presence_end, lease, fences, wake, channel = string.match(text or '', RECORD)
  if lease and number_of(presence_end, FENCE_LIMIT) >= now_ms() then
    return number_of(lease, LONGEST_LEASE), number_of(fences, MOST_FENCES), wake, channel
  end
end
