---@script idiom.rename
---@version 1
---Publish a new state under the name of the old one.
---@key next hash `{name}`
---@key current hash companion `:current`
---@return boolean
---@example "k" "{k}:current" => 0

if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('RENAME', KEYS[1], KEYS[2])
  return 1
end
return 0
