-- The first complaint is kept.
local complaint

local function required(name, value)
  if not value then
    complaint = complaint or name .. ': missing'
  end
  return value
end

---@include number
