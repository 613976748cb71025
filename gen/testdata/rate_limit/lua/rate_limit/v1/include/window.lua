---@include clock

--[[ When the window began.
]]
local function window_start(now, span)
  return now - span
end
