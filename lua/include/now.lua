-- The clock, where it is not for a fence.

local function server_time()
  time = time or redis.pcall('TIME')
  return time
end

-- The clock was read before, and was no error.
local function now_us()
  return time[1] * 1000000 + time[2]
end

local function now_ms()
  return math.floor(now_us() / 1000)
end
