local rows = {}
for i, who in ipairs(taken) do
  rows[i] = {who, 1000}
end
