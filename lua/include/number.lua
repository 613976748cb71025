-- Numbers in keys where somebody else may have put anything.

local LONGEST_LEASE = 2147483647 -- ms

-- What decimal digits say, `most` at the most.
local function number_of(digits, most)
  return #digits <= 15 and math.min(tonumber(digits, 10), most) or most
end
