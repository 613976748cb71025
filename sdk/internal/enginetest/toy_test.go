package enginetest_test

import (
	"crypto/sha1"
	"encoding/hex"
	"time"

	"github.com/zferentz/go-redilock/sdk/internal/primitive"
	"github.com/zferentz/go-redilock/sdk/scripts"
)

// toy is a second primitive: a name that two may hold at once. It keeps its holders in one zset, token → end of the lease,
// and has no queue: who finds no room asks again.
type toy string

const toyCapacity = 2

// toyHead drops the holders whose lease has ended.
const toyHead = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local function grant(token, lease)
  redis.call('ZADD', KEYS[1], now + lease, token)
  redis.call('PEXPIRE', KEYS[1], 3600000)
  return redis.call('INCR', KEYS[1] .. ':fence')
end
local function room() return redis.call('ZCARD', KEYS[1]) < 2 end
`

var (
	toyAcquire = toyScript("toy.acquire", `if redis.call('ZSCORE', KEYS[1], ARGV[1]) or room() then
  return {'GRANTED', grant(ARGV[1], tonumber(ARGV[2]))}
end
return {'HELD', tonumber(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]) - now}`)
	toyRelease = toyScript("toy.release", `local had = redis.call('ZREM', KEYS[1], ARGV[1])
if ARGV[2] ~= '' and (redis.call('ZSCORE', KEYS[1], ARGV[2]) or room()) then
  return {had, grant(ARGV[2], tonumber(ARGV[3]))}
end
return {had, 0}`)
	toyExtend = toyScript("toy.extend", `if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return {0} end
redis.call('ZADD', KEYS[1], 'GT', now + tonumber(ARGV[2]), ARGV[1])
return {tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1])) - now}`)
)

func toyScript(name, source string) *scripts.Script {
	sum := sha1.Sum([]byte(toyHead + source))
	return &scripts.Script{Name: name, Version: 1, SHA1: hex.EncodeToString(sum[:]), Source: toyHead + source}
}

func (t toy) Key() string     { return string(t) }
func (t toy) Excludes() bool  { return false }
func (toy) Primitive() string { return "toy" }

func (t toy) Acquire(r primitive.Request) primitive.Call[primitive.Acquired] {
	call := scripts.NewCall(toyAcquire, []string{string(t)}, []any{r.Token, r.Lease.Milliseconds()},
		func(reply *scripts.Reply) primitive.Acquired {
			switch {
			case reply.Tag() == "GRANTED":
				return primitive.Acquired{Outcome: primitive.Granted, Grant: primitive.Grant{
					Token: r.Token, Fence: reply.Int(1), Fences: 1, Lease: r.Lease,
				}}
			case r.Presence == 0:
				return primitive.Acquired{Outcome: primitive.Refused, Wait: reply.Millis(1)}
			}
			return primitive.Acquired{Outcome: primitive.Queued, Wait: reply.Millis(1), Position: 1}
		})
	return primitive.Adapt(call, func(a primitive.Acquired) primitive.Acquired { return a })
}

func (t toy) Release(token, _ string, next *primitive.Request) primitive.Call[primitive.Released] {
	successor, lease := "", time.Duration(0)
	if next != nil {
		successor, lease = next.Token, next.Lease
	}
	call := scripts.NewCall(toyRelease, []string{string(t)}, []any{token, successor, lease.Milliseconds()},
		func(reply *scripts.Reply) (r primitive.Released) {
			if r.Outcome = primitive.NotHeld; reply.Int(0) == 1 {
				r.Outcome = primitive.Freed
			}
			if f := reply.Int(1); f > 0 {
				r.Grants = []primitive.Grant{{Token: successor, Fence: f, Fences: 1, Lease: lease}}
			}
			return r
		})
	return primitive.Adapt(call, func(r primitive.Released) primitive.Released { return r })
}

func (t toy) Extend(r primitive.Request) primitive.Call[primitive.Extended] {
	call := scripts.NewCall(toyExtend, []string{string(t)}, []any{r.Token, r.Lease.Milliseconds()},
		func(reply *scripts.Reply) primitive.Extended {
			if left := reply.Millis(0); left > 0 {
				return primitive.Extended{Outcome: primitive.Confirmed, Left: left}
			}
			return primitive.Extended{Outcome: primitive.NotHeld}
		})
	return primitive.Adapt(call, func(e primitive.Extended) primitive.Extended { return e })
}
