package diff

import (
	"fmt"
	"strings"
)

// shift lies between a sequence's time and the deadlines that a real server keeps for it, in ms: about 126 years. None of
// them comes while a test runs.
const shift = 4_000_000_000_000

// prelude stands before a script on a real server, on the script's first line, and gives it a clock: the last of ARGV, in
// microseconds. It puts another redis table in front of the real one, in which
//
//	TIME          answers that clock
//	SET … PX n    is SET … PXAT, n after that clock and shift
//	PEXPIRE k n   is PEXPIREAT, n after that clock and shift
//	PEXPIREAT k n is the same, so much after that clock as n is, and shift; in the past it stays there
//	PTTL k        is what PEXPIRETIME answers, less that clock and shift
//
// and every other command is sent as it is. An n that no server takes is left to the server's own error. Behind it the
// script's bytes are those of lua/dist. That the prelude is right is part of what is compared: the engines in memory run
// the scripts without it.
var prelude = oneLine(fmt.Sprintf(`
local redis = (function(real)
  local clock = tonumber(table.remove(ARGV))
  local now = math.floor(clock / 1000) + %d
  local function at(n)
    n = tonumber(n)
    return n and n >= 1 and n <= 1e15 and now + n
  end
  local function send(call, name, ...)
    if name == 'TIME' then
      return {string.format('%%.0f', math.floor(clock / 1e6)), string.format('%%d', clock %% 1e6)}
    end
    local words = {...}
    if name == 'SET' then
      for i = 3, #words - 1 do
        if words[i] == 'PX' and at(words[i + 1]) then
          words[i], words[i + 1] = 'PXAT', at(words[i + 1])
        end
      end
    elseif name == 'PEXPIRE' and at(words[2]) then
      name, words[2] = 'PEXPIREAT', at(words[2])
    elseif name == 'PEXPIREAT' and tonumber(words[2]) then
      words[2] = at(words[2] - math.floor(clock / 1000)) or 1
    elseif name == 'PTTL' then
      local deadline = call('PEXPIRETIME', words[1])
      return type(deadline) == 'number' and deadline >= 0 and deadline - now or deadline
    end
    return call(name, unpack(words))
  end
  return {
    call = function(...) return send(real.call, ...) end,
    pcall = function(...) return send(real.pcall, ...) end,
    error_reply = real.error_reply, status_reply = real.status_reply
  }
end)(redis)
`, shift))

// wholeMS stands before a script on miniredis. There PEXPIREAT takes the microseconds of the clock away from the time to
// live, which a server's clock for keys does not have.
var wholeMS = oneLine(`
local redis = (function(real)
  local function send(call, name, ...)
    local words = {...}
    if name == 'PEXPIREAT' and tonumber(words[2]) then
      local time = real.call('TIME')
      name, words[2] = 'PEXPIRE', string.format('%.0f', words[2] - time[1] * 1000 - math.floor(time[2] / 1000))
    end
    return call(name, unpack(words))
  end
  return {
    call = function(...) return send(real.call, ...) end,
    pcall = function(...) return send(real.pcall, ...) end,
    error_reply = real.error_reply, status_reply = real.status_reply
  }
end)(redis)
`)

func oneLine(source string) string { return strings.Join(strings.Fields(source), " ") + " " }

// lapse ends the keys whose time has come: what a server does by itself as time goes on.
var lapse = fmt.Sprintf(`
local now = math.floor(tonumber(ARGV[1]) / 1000) + %d
for _, key in ipairs(KEYS) do
  local deadline = redis.call('PEXPIRETIME', key)
  if deadline >= 0 and deadline <= now then
    redis.call('DEL', key)
  end
end`, shift)

// foreign sends a command as a client does that knows nothing of the scripts, at the time that the prelude has.
const foreign = `return redis.pcall(unpack(ARGV))`

// dump reads all the keys of a lock. The content of a list or a set is of no use to the scripts, nor to us.
const dump = `
local all = {}
for i, key in ipairs(KEYS) do
  local kind, value = redis.call('TYPE', key).ok, false
  if kind == 'string' then
    value = redis.call('GET', key)
  elseif kind == 'hash' then
    value = redis.call('HGETALL', key)
  elseif kind == 'zset' then
    value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  end
  all[i] = {kind, redis.call('PTTL', key), value}
end
return all`
