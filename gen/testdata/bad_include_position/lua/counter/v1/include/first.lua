-- a comment
---@include second
local three = three_of
