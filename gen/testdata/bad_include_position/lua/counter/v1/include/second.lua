local two = 2
local four = four_of
