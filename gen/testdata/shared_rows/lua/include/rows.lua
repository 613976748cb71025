-- A primitive's own fragment of this name has precedence over it.

local rows = {}
for i, who in ipairs(taken) do
  rows[i] = {who}
end
