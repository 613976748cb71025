-- Arguments are checked before anything is written, so a bad one changes nothing.
-- The first complaint is kept; the script answers it as BADARG.

local complaint

local function refuse(name, why)
  complaint = complaint or (name .. ': ' .. why)
end

local function text(name, value, min, max, default)
  value = value or default
  if not value then
    refuse(name, 'missing')
  elseif #value < min or #value > max then
    refuse(name, string.format('must have %d to %d bytes, has %d', min, max, #value))
  end
  return value
end

-- Only plain decimal digits: tonumber alone takes '0x10', '1e3' and ' 7 ' as well.
local function integer(name, value, min, max, default)
  value = value or default
  if not value then
    return refuse(name, 'missing')
  end
  local number = string.find(value, '^%d+$') and #value <= 10 and tonumber(value, 10)
  if not number or number < min or number > max then
    return refuse(name, string.format('must be an integer from %d to %d', min, max))
  end
  return number
end

local function wake_mode(value, channel)
  value = value or 'poll'
  if value ~= 'poll' and value ~= 'push' and value ~= 'broadcast' then
    refuse('wake', 'must be poll, push or broadcast')
  elseif value ~= 'poll' and channel == '' then
    refuse('channel', 'must be named when wake is not poll')
  end
  return value
end

local function count(keys, args)
  if #KEYS ~= keys then
    refuse('keys', string.format('must be %d, are %d', keys, #KEYS))
  elseif #ARGV > args then
    refuse('arguments', string.format('must be %d at most, are %d', args, #ARGV))
  end
end
