package sandbox

// command is what the sandbox knows of a Redis command, as COMMAND INFO tells it.
type command struct {
	arity    int  // arguments with the name; negative: at least as many
	write    bool // changes data
	denyOOM  bool // refused while the server is out of memory
	firstKey int  // index of its first key; 0: it has none
	allKeys  bool // whether every later argument is a key too
}

// commands are those a script may call here. Any other is unknown: what a strict runner has not heard of, it refuses.
var commands = map[string]command{
	"TIME":             {arity: 1},
	"PUBLISH":          {arity: 3},
	"PING":             {arity: -1},
	"EXISTS":           {arity: -2, firstKey: 1, allKeys: true},
	"DEL":              {arity: -2, firstKey: 1, allKeys: true, write: true},
	"UNLINK":           {arity: -2, firstKey: 1, allKeys: true, write: true},
	"TYPE":             {arity: 2, firstKey: 1},
	"GET":              {arity: 2, firstKey: 1},
	"GETEX":            {arity: -2, firstKey: 1, write: true},
	"SET":              {arity: -3, firstKey: 1, write: true, denyOOM: true},
	"INCR":             {arity: 2, firstKey: 1, write: true, denyOOM: true},
	"INCRBY":           {arity: 3, firstKey: 1, write: true, denyOOM: true},
	"DECR":             {arity: 2, firstKey: 1, write: true, denyOOM: true},
	"PTTL":             {arity: 2, firstKey: 1},
	"PEXPIRE":          {arity: -3, firstKey: 1, write: true},
	"PEXPIREAT":        {arity: -3, firstKey: 1, write: true},
	"PERSIST":          {arity: 2, firstKey: 1, write: true},
	"HSET":             {arity: -4, firstKey: 1, write: true, denyOOM: true},
	"HGET":             {arity: 3, firstKey: 1},
	"HMGET":            {arity: -3, firstKey: 1},
	"HGETALL":          {arity: 2, firstKey: 1},
	"HDEL":             {arity: -3, firstKey: 1, write: true},
	"HLEN":             {arity: 2, firstKey: 1},
	"HSCAN":            {arity: -3, firstKey: 1},
	"HEXISTS":          {arity: 3, firstKey: 1},
	"HINCRBY":          {arity: 4, firstKey: 1, write: true, denyOOM: true},
	"ZADD":             {arity: -4, firstKey: 1, write: true, denyOOM: true},
	"ZREM":             {arity: -3, firstKey: 1, write: true},
	"ZCARD":            {arity: 2, firstKey: 1},
	"ZCOUNT":           {arity: 4, firstKey: 1},
	"ZRANGE":           {arity: -4, firstKey: 1},
	"ZRANGEBYSCORE":    {arity: -4, firstKey: 1},
	"ZREVRANGE":        {arity: -4, firstKey: 1},
	"ZRANK":            {arity: -3, firstKey: 1},
	"ZSCORE":           {arity: 3, firstKey: 1},
	"ZPOPMIN":          {arity: -2, firstKey: 1, write: true},
	"ZREMRANGEBYRANK":  {arity: 4, firstKey: 1, write: true},
	"ZREMRANGEBYSCORE": {arity: 4, firstKey: 1, write: true},
	"SADD":             {arity: -3, firstKey: 1, write: true, denyOOM: true},
	"SREM":             {arity: -3, firstKey: 1, write: true},
	"SCARD":            {arity: 2, firstKey: 1},
	"SISMEMBER":        {arity: 3, firstKey: 1},
}

// takes says whether a command line of n words, its name included, has the right length.
func (c command) takes(n int) bool {
	if c.arity < 0 {
		return n >= -c.arity
	}
	return n == c.arity
}

// undeclared finds a key of the command line that is not one of keys.
func (c command) undeclared(args, keys []string) (string, bool) {
	if c.firstKey == 0 {
		return "", false
	}
	last := c.firstKey + 1
	if c.allKeys {
		last = len(args)
	}
next:
	for _, key := range args[c.firstKey:last] {
		for _, declared := range keys {
			if key == declared {
				continue next
			}
		}
		return key, true
	}
	return "", false
}
