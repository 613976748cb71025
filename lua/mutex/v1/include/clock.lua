-- The server's clock, read at most once a call: it moves inside a script on Redis 7.0 and stands still since 7.2.

local time

local function server_time()
  time = time or redis.call('TIME')
  return time
end

local function now_ms()
  local t = server_time()
  return tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- As a string: tostring() of a number this large prints an exponent on a real server.
local function now_us()
  local t = server_time()
  return t[1] .. string.format('%06d', tonumber(t[2]))
end
