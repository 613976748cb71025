-- What a fence counter is, where somebody else may have put anything: plain decimals. tonumber takes 'nan', '1e3' and ' 7'
-- as well.

local COUNTER = '^[1-9]%d*$'
local FENCE_LIMIT = 9007199254740991 -- 2^53 - 1: past it a Lua number is no longer exact
