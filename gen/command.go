package gen

import "slices"

// command is what the checks know of a Redis command.
type command struct {
	keys    keyPlace
	data    string // the type of those keys, "" for any
	arity   int    // how many words it has, its name among them; negative: at least so many
	number  bool   // its reply is an integer, or an error or nil
	writes  bool
	denyOOM bool // refused when the server is out of memory
}

// keyPlace says which arguments of a command are keys.
type keyPlace int

const (
	noKey keyPlace = iota
	firstKey
	firstTwoKeys
	everyKey
)

// commands is the allow-list: the commands on data that do not block, are the same on Redis and Valkey and read their
// keys where a check can see them.
var commands = map[string]command{
	// strings
	"APPEND":      {firstKey, "string", 3, true, true, true},
	"BITCOUNT":    {firstKey, "string", -2, true, false, false},
	"DECR":        {firstKey, "string", 2, true, true, true},
	"DECRBY":      {firstKey, "string", 3, true, true, true},
	"GET":         {firstKey, "string", 2, false, false, false},
	"GETBIT":      {firstKey, "string", 3, true, false, false},
	"GETDEL":      {firstKey, "string", 2, false, true, false},
	"GETEX":       {firstKey, "string", -2, false, true, false},
	"GETRANGE":    {firstKey, "string", 4, false, false, false},
	"INCR":        {firstKey, "string", 2, true, true, true},
	"INCRBY":      {firstKey, "string", 3, true, true, true},
	"INCRBYFLOAT": {firstKey, "string", 3, false, true, true},
	"MGET":        {everyKey, "string", -2, false, false, false},
	"SET":         {firstKey, "string", -3, false, true, true},
	"SETBIT":      {firstKey, "string", 4, true, true, true},
	"SETEX":       {firstKey, "string", 4, false, true, true},
	"SETNX":       {firstKey, "string", 3, true, true, true},
	"SETRANGE":    {firstKey, "string", 4, true, true, true},
	"STRLEN":      {firstKey, "string", 2, true, false, false},
	// any type, and expiry
	"COPY":        {firstTwoKeys, "", -3, true, true, true},
	"DEL":         {everyKey, "", -2, true, true, false},
	"EXISTS":      {everyKey, "", -2, true, false, false},
	"EXPIRE":      {firstKey, "", -3, true, true, false},
	"EXPIREAT":    {firstKey, "", -3, true, true, false},
	"EXPIRETIME":  {firstKey, "", 2, true, false, false},
	"PERSIST":     {firstKey, "", 2, true, true, false},
	"PEXPIRE":     {firstKey, "", -3, true, true, false},
	"PEXPIREAT":   {firstKey, "", -3, true, true, false},
	"PEXPIRETIME": {firstKey, "", 2, true, false, false},
	"PTTL":        {firstKey, "", 2, true, false, false},
	"RENAME":      {firstTwoKeys, "", 3, false, true, false},
	"TTL":         {firstKey, "", 2, true, false, false},
	"TYPE":        {firstKey, "", 2, false, false, false},
	"UNLINK":      {everyKey, "", -2, true, true, false},
	// hashes
	"HDEL":         {firstKey, "hash", -3, true, true, false},
	"HEXISTS":      {firstKey, "hash", 3, true, false, false},
	"HGET":         {firstKey, "hash", 3, false, false, false},
	"HGETALL":      {firstKey, "hash", 2, false, false, false},
	"HINCRBY":      {firstKey, "hash", 4, true, true, true},
	"HINCRBYFLOAT": {firstKey, "hash", 4, false, true, true},
	"HKEYS":        {firstKey, "hash", 2, false, false, false},
	"HLEN":         {firstKey, "hash", 2, true, false, false},
	"HMGET":        {firstKey, "hash", -3, false, false, false},
	"HSCAN":        {firstKey, "hash", -3, false, false, false},
	"HSET":         {firstKey, "hash", -4, true, true, true},
	"HSETNX":       {firstKey, "hash", 4, true, true, true},
	"HSTRLEN":      {firstKey, "hash", 3, true, false, false},
	"HVALS":        {firstKey, "hash", 2, false, false, false},
	// lists
	"LINDEX":  {firstKey, "list", 3, false, false, false},
	"LINSERT": {firstKey, "list", 5, true, true, true},
	"LLEN":    {firstKey, "list", 2, true, false, false},
	"LMOVE":   {firstTwoKeys, "list", 5, false, true, true},
	"LPOP":    {firstKey, "list", -2, false, true, false},
	"LPOS":    {firstKey, "list", -3, false, false, false},
	"LPUSH":   {firstKey, "list", -3, true, true, true},
	"LPUSHX":  {firstKey, "list", -3, true, true, true},
	"LRANGE":  {firstKey, "list", 4, false, false, false},
	"LREM":    {firstKey, "list", 4, true, true, false},
	"LSET":    {firstKey, "list", 4, false, true, true},
	"LTRIM":   {firstKey, "list", 4, false, true, false},
	"RPOP":    {firstKey, "list", -2, false, true, false},
	"RPUSH":   {firstKey, "list", -3, true, true, true},
	"RPUSHX":  {firstKey, "list", -3, true, true, true},
	// sets
	"SADD":       {firstKey, "set", -3, true, true, true},
	"SCARD":      {firstKey, "set", 2, true, false, false},
	"SDIFF":      {everyKey, "set", -2, false, false, false},
	"SINTER":     {everyKey, "set", -2, false, false, false},
	"SISMEMBER":  {firstKey, "set", 3, true, false, false},
	"SMEMBERS":   {firstKey, "set", 2, false, false, false},
	"SMISMEMBER": {firstKey, "set", -3, false, false, false},
	"SMOVE":      {firstTwoKeys, "set", 4, true, true, false},
	"SREM":       {firstKey, "set", -3, true, true, false},
	"SSCAN":      {firstKey, "set", -3, false, false, false},
	"SUNION":     {everyKey, "set", -2, false, false, false},
	// sorted sets
	"ZADD":             {firstKey, "zset", -4, true, true, true},
	"ZCARD":            {firstKey, "zset", 2, true, false, false},
	"ZCOUNT":           {firstKey, "zset", 4, true, false, false},
	"ZINCRBY":          {firstKey, "zset", 4, false, true, true},
	"ZLEXCOUNT":        {firstKey, "zset", 4, true, false, false},
	"ZMSCORE":          {firstKey, "zset", -3, false, false, false},
	"ZPOPMAX":          {firstKey, "zset", -2, false, true, false},
	"ZPOPMIN":          {firstKey, "zset", -2, false, true, false},
	"ZRANGE":           {firstKey, "zset", -4, false, false, false},
	"ZRANGEBYSCORE":    {firstKey, "zset", -4, false, false, false},
	"ZRANK":            {firstKey, "zset", 3, true, false, false},
	"ZREM":             {firstKey, "zset", -3, true, true, false},
	"ZREMRANGEBYRANK":  {firstKey, "zset", 4, true, true, false},
	"ZREMRANGEBYSCORE": {firstKey, "zset", 4, true, true, false},
	"ZREVRANGE":        {firstKey, "zset", -4, false, false, false},
	"ZREVRANGEBYSCORE": {firstKey, "zset", -4, false, false, false},
	"ZREVRANK":         {firstKey, "zset", 3, true, false, false},
	"ZSCAN":            {firstKey, "zset", -3, false, false, false},
	"ZSCORE":           {firstKey, "zset", 3, false, false, false},
	// streams
	"XACK":      {firstKey, "stream", -4, true, true, false},
	"XADD":      {firstKey, "stream", -5, false, true, true},
	"XDEL":      {firstKey, "stream", -3, true, true, false},
	"XLEN":      {firstKey, "stream", 2, true, false, false},
	"XRANGE":    {firstKey, "stream", -4, false, false, false},
	"XREVRANGE": {firstKey, "stream", -4, false, false, false},
	"XTRIM":     {firstKey, "stream", -4, true, true, false},
	// the server
	"PUBLISH": {noKey, "", 3, true, false, false},
	"TIME":    {noKey, "", 1, false, false, false},
}

// Command tells other tools what the allow-list knows of a command: whether it writes, and whether a server that is
// out of memory refuses it (the flag deny-oom). ok is false for a command that the generator refuses.
func Command(name string) (writes, denyOOM, ok bool) {
	c, ok := commands[name]
	return c.writes, c.denyOOM, ok
}

// sandbox lists the globals that a script may read. Those of real Redis that are missing here are so on purpose: they
// give the script something that is not in its arguments (math.random excepted, which Redis seeds alike), or hide what
// it calls from the checks.
var sandbox = []string{
	"ARGV", "KEYS", "error", "ipairs", "math", "next", "pairs", "redis", "select", "string", "table", "tonumber",
	"tostring", "type", "unpack",
}

// redisAPI lists the functions of the table redis that a script may call.
var redisAPI = []string{"call", "error_reply", "pcall", "status_reply"}

func inSandbox(global string) bool { return slices.Contains(sandbox, global) }
