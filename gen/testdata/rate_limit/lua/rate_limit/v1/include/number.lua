local function number(name, value, min, max)
  local n = value and tonumber(value, 10)
  if not n or n < min or n > max then
    complaint = complaint or string.format('%s: must be an integer from %d to %d', name, min, max)
  end
  return n
end
