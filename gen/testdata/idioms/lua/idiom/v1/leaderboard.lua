---@script idiom.leaderboard
---@version 1
---Add to a score, and tell the rank.
---@key scores zset `{name}`
---@arg who string 1..64 bytes
---@arg by integer 1..1000
---@repeat unsafe
---@reply RANK rank:integer score:float
---@error BADARG an argument is wrong
---@example "k" | "ann" "5" => ["RANK", 0, "5"]

---@arguments

local score = redis.call('ZINCRBY', scores, by, who)
return {'RANK', redis.call('ZREVRANK', scores, who), score}
