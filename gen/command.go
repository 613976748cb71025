package gen

import "slices"

// command is what the checks know of a Redis command.
type command struct {
	keys    keyPlace
	number  bool // its reply is an integer, or an error or nil
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
	"APPEND":      {firstKey, true, true, true},
	"BITCOUNT":    {firstKey, true, false, false},
	"DECR":        {firstKey, true, true, true},
	"DECRBY":      {firstKey, true, true, true},
	"GET":         {firstKey, false, false, false},
	"GETBIT":      {firstKey, true, false, false},
	"GETDEL":      {firstKey, false, true, false},
	"GETEX":       {firstKey, false, true, false},
	"GETRANGE":    {firstKey, false, false, false},
	"INCR":        {firstKey, true, true, true},
	"INCRBY":      {firstKey, true, true, true},
	"INCRBYFLOAT": {firstKey, false, true, true},
	"MGET":        {everyKey, false, false, false},
	"SET":         {firstKey, false, true, true},
	"SETBIT":      {firstKey, true, true, true},
	"SETEX":       {firstKey, false, true, true},
	"SETNX":       {firstKey, true, true, true},
	"SETRANGE":    {firstKey, true, true, true},
	"STRLEN":      {firstKey, true, false, false},
	// any type, and expiry
	"COPY":        {firstTwoKeys, true, true, true},
	"DEL":         {everyKey, true, true, false},
	"EXISTS":      {everyKey, true, false, false},
	"EXPIRE":      {firstKey, true, true, false},
	"EXPIREAT":    {firstKey, true, true, false},
	"EXPIRETIME":  {firstKey, true, false, false},
	"PERSIST":     {firstKey, true, true, false},
	"PEXPIRE":     {firstKey, true, true, false},
	"PEXPIREAT":   {firstKey, true, true, false},
	"PEXPIRETIME": {firstKey, true, false, false},
	"PTTL":        {firstKey, true, false, false},
	"RENAME":      {firstTwoKeys, false, true, false},
	"TTL":         {firstKey, true, false, false},
	"TYPE":        {firstKey, false, false, false},
	"UNLINK":      {everyKey, true, true, false},
	// hashes
	"HDEL":         {firstKey, true, true, false},
	"HEXISTS":      {firstKey, true, false, false},
	"HGET":         {firstKey, false, false, false},
	"HGETALL":      {firstKey, false, false, false},
	"HINCRBY":      {firstKey, true, true, true},
	"HINCRBYFLOAT": {firstKey, false, true, true},
	"HKEYS":        {firstKey, false, false, false},
	"HLEN":         {firstKey, true, false, false},
	"HMGET":        {firstKey, false, false, false},
	"HSCAN":        {firstKey, false, false, false},
	"HSET":         {firstKey, true, true, true},
	"HSETNX":       {firstKey, true, true, true},
	"HSTRLEN":      {firstKey, true, false, false},
	"HVALS":        {firstKey, false, false, false},
	// lists
	"LINDEX":  {firstKey, false, false, false},
	"LINSERT": {firstKey, true, true, true},
	"LLEN":    {firstKey, true, false, false},
	"LMOVE":   {firstTwoKeys, false, true, true},
	"LPOP":    {firstKey, false, true, false},
	"LPOS":    {firstKey, false, false, false},
	"LPUSH":   {firstKey, true, true, true},
	"LPUSHX":  {firstKey, true, true, true},
	"LRANGE":  {firstKey, false, false, false},
	"LREM":    {firstKey, true, true, false},
	"LSET":    {firstKey, false, true, true},
	"LTRIM":   {firstKey, false, true, false},
	"RPOP":    {firstKey, false, true, false},
	"RPUSH":   {firstKey, true, true, true},
	"RPUSHX":  {firstKey, true, true, true},
	// sets
	"SADD":       {firstKey, true, true, true},
	"SCARD":      {firstKey, true, false, false},
	"SDIFF":      {everyKey, false, false, false},
	"SINTER":     {everyKey, false, false, false},
	"SISMEMBER":  {firstKey, true, false, false},
	"SMEMBERS":   {firstKey, false, false, false},
	"SMISMEMBER": {firstKey, false, false, false},
	"SMOVE":      {firstTwoKeys, true, true, false},
	"SREM":       {firstKey, true, true, false},
	"SSCAN":      {firstKey, false, false, false},
	"SUNION":     {everyKey, false, false, false},
	// sorted sets
	"ZADD":             {firstKey, true, true, true},
	"ZCARD":            {firstKey, true, false, false},
	"ZCOUNT":           {firstKey, true, false, false},
	"ZINCRBY":          {firstKey, false, true, true},
	"ZLEXCOUNT":        {firstKey, true, false, false},
	"ZMSCORE":          {firstKey, false, false, false},
	"ZPOPMAX":          {firstKey, false, true, false},
	"ZPOPMIN":          {firstKey, false, true, false},
	"ZRANGE":           {firstKey, false, false, false},
	"ZRANGEBYSCORE":    {firstKey, false, false, false},
	"ZRANK":            {firstKey, true, false, false},
	"ZREM":             {firstKey, true, true, false},
	"ZREMRANGEBYRANK":  {firstKey, true, true, false},
	"ZREMRANGEBYSCORE": {firstKey, true, true, false},
	"ZREVRANGE":        {firstKey, false, false, false},
	"ZREVRANGEBYSCORE": {firstKey, false, false, false},
	"ZREVRANK":         {firstKey, true, false, false},
	"ZSCAN":            {firstKey, false, false, false},
	"ZSCORE":           {firstKey, false, false, false},
	// streams
	"XACK":      {firstKey, true, true, false},
	"XADD":      {firstKey, false, true, true},
	"XDEL":      {firstKey, true, true, false},
	"XLEN":      {firstKey, true, false, false},
	"XRANGE":    {firstKey, false, false, false},
	"XREVRANGE": {firstKey, false, false, false},
	"XTRIM":     {firstKey, true, true, false},
	// the server
	"PUBLISH": {noKey, true, false, false},
	"TIME":    {noKey, false, false, false},
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
