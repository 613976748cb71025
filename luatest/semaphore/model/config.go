package model

// The times of the model, in ms. Small numbers make every order of the ends of leases and presences a few steps long.
// A waiter that polls asks for a lease shorter than its presence, one that is told for a longer one.
const (
	leaseMS     = 3
	pollLeaseMS = 1
	presenceMS  = 2
	extendMS    = 2 // less than a fresh lease, more than an old one
)

// What the scripts promise of retentions, and what they may do in one call.
const (
	retainMS      = 120_000   // of the records beyond the latest lease, and of the queue
	fenceRetain   = 3_600_000 // ms
	fenceLimit    = 1<<53 - 1 // the highest fence
	unknownWeight = 1 << 31   // what a holder counts for whose record was lost
	defaultBound  = 64        // leases that are over, and tokens of the queue, that a call takes
)

// How many numbers a grant is asked to own, where clients ask for more than one.
const (
	fewFences  = 2
	manyFences = 3
)

// Config is a world to explore: who is there, and what may happen.
type Config struct {
	Name  string
	Title string // what it is for

	Clients int
	Tokens  int   // of a client: with two, it names one as the successor of the other when it releases
	Weights []int // that are asked for, each by each client
	Limits  []int // the same; the first is what successors ask for

	Try       bool // clients ask once, without queueing
	Poll      bool // clients queue and poll
	Push      bool // clients queue and are told
	Broadcast bool // clients queue and are told, in a cluster
	Extend    bool
	Restore   bool // clients extend with their weight
	Shrink    bool
	Poor      bool // clients release without saying which channel is theirs
	Fences    bool // clients ask for more than one number
	Later     bool // some waiters have a wake mode of a later version of the scripts

	Delete   bool // a companion key is deleted, the holders key too, the database emptied, everything expires
	Foreign  bool // another program removes a holder, or takes the name by SET NX
	Snapshot bool // the server is restored from an old snapshot
	Full     bool // the fence counter gets to the highest number
	Wrong    bool // a key gets a wrong type
	Memory   bool // the server is out of memory at times
	Ahead    bool // the clock was set back: it is behind the last fence
	Long     bool // a lease of hours was granted before: counter and records are kept for longer than others need it
	Drain    bool // from every state: those that wait and go on asking are all granted in time

	Bound int // leases that are over, and tokens of the queue, that a call takes; 0: as the scripts are
	Page  int // fields that a scan of the records gives at a time; 0: all

	Depth     int // actions in a row that a quick run explores; 0: until there is no new state
	DeepDepth int // the same of a deep run
}

// Configs are the worlds that are explored. Each has the least that its question needs.
func Configs() []Config {
	all := []int{1, 2, 3}
	three := []int{3}
	return []Config{
		{
			Name: "queue", Title: "three clients of every weight wait, in every way there is",
			Clients: 3, Tokens: 1, Weights: all, Limits: three,
			Try: true, Poll: true, Push: true, Extend: true, Shrink: true, Poor: true, Fences: true,
			Depth: 3, DeepDepth: 6,
		},
		{
			Name: "push", Title: "three clients of every weight are told, and shrink",
			Clients: 3, Tokens: 1, Weights: all, Limits: three, Push: true, Shrink: true,
			Depth: 4, DeepDepth: 9,
		},
		{
			Name: "limits", Title: "clients differ in the limit that they ask for",
			Clients: 3, Tokens: 1, Weights: []int{1, 2}, Limits: []int{3, 2}, Try: true, Push: true,
			Depth: 4, DeepDepth: 8,
		},
		{
			Name: "successor", Title: "two clients of two goroutines each pass their turn on",
			Clients: 2, Tokens: 2, Weights: all, Limits: three, Push: true, Fences: true, Poor: true,
			Depth: 4, DeepDepth: 7,
		},
		{
			Name: "deleted", Title: "any of the keys is lost, the database is emptied or restored, everything expires",
			Clients: 3, Tokens: 1, Weights: []int{1, 2}, Limits: three, Push: true, Extend: true, Restore: true,
			Delete: true, Snapshot: true,
			Depth: 4, DeepDepth: 7,
		},
		{
			Name: "restored", Title: "records are lost and restored, with leases that others outlive",
			Clients: 2, Tokens: 1, Weights: all, Limits: three, Try: true, Poll: true, Push: true, Shrink: true,
			Restore: true, Delete: true, Long: true,
			Depth: 4, DeepDepth: 0,
		},
		{
			Name: "foreign", Title: "another program removes holders, and takes the name",
			Clients: 2, Tokens: 1, Weights: []int{1, 3}, Limits: three, Try: true, Push: true, Extend: true, Shrink: true,
			Foreign: true,
			Depth:   5, DeepDepth: 0,
		},
		{
			Name: "removed", Title: "records are lost, some are restored, and another program removes holders",
			Clients: 2, Tokens: 1, Weights: []int{1, 2}, Limits: three, Try: true, Push: true, Restore: true, Delete: true,
			Foreign: true,
			Depth:   5, DeepDepth: 0,
		},
		{
			Name: "behind", Title: "the clock was set back behind the last fence",
			Clients: 2, Tokens: 2, Weights: []int{1, 2}, Limits: three, Push: true, Extend: true, Fences: true, Ahead: true,
			Depth: 4, DeepDepth: 7,
		},
		{
			Name: "cluster", Title: "three clients are told by broadcast, some by a later version's mode",
			Clients: 3, Tokens: 1, Weights: []int{1, 3}, Limits: three, Push: true, Broadcast: true, Later: true,
			Depth: 4, DeepDepth: 8,
		},
		{
			Name: "full", Title: "the fence counter gets to the highest number",
			Clients: 3, Tokens: 1, Weights: []int{1, 2}, Limits: three, Push: true, Restore: true, Delete: true, Full: true,
			Depth: 4, DeepDepth: 7,
		},
		{
			Name: "wrong", Title: "keys get a wrong type",
			Clients: 2, Tokens: 2, Weights: []int{1, 2}, Limits: three, Push: true, Extend: true, Shrink: true, Wrong: true,
			Depth: 4, DeepDepth: 7,
		},
		{
			Name: "memory", Title: "the server is out of memory at times",
			Clients: 2, Tokens: 2, Weights: []int{1, 2}, Limits: three, Try: true, Push: true, Restore: true, Shrink: true,
			Memory: true,
			Depth:  4, DeepDepth: 7,
		},
		{
			Name: "bound", Title: "a call takes one lease that is over, and one of the queue",
			Clients: 3, Tokens: 1, Weights: []int{1, 2}, Limits: three, Try: true, Push: true, Shrink: true, Bound: 1,
			Depth: 4, DeepDepth: 8,
		},
		{
			Name: "pages", Title: "the records are swept one at a time",
			Clients: 3, Tokens: 1, Weights: []int{1}, Limits: three, Poll: true, Delete: true, Page: 1,
			Depth: 5, DeepDepth: 8,
		},
		{
			Name: "drain", Title: "who waits and goes on asking is granted in time, from every state",
			Clients: 3, Tokens: 1, Weights: []int{1, 3}, Limits: []int{3}, Push: true, Delete: true, Drain: true,
			Depth: 3, DeepDepth: 6,
		},
	}
}

// bound is how much one call takes.
func (c *Config) bound() int {
	if c.Bound > 0 {
		return c.Bound
	}
	return defaultBound
}

// clock is the server's during every call, in microseconds.
func (c *Config) clock() int64 { return epochMS*1000 + epochMicro }

// counter is the highest number that any grant owns. It is what the fence counter is set to, unless that is lost, set
// back or set ahead: no state remembers more.
func (c *Config) counter() int64 {
	if c.Ahead {
		return counterAhead
	}
	return c.clock() - usualGap
}

// kept is how much is left of a retention, in every state: less than a new one, so that a call that should have renewed it
// is seen; or more, so that one that shortens it is.
func (c *Config) kept(retention int64) int64 {
	if c.Long {
		return 2 * retention
	}
	return retention - 1
}

// wish is how many numbers a request asks for.
func (c *Config) wish(n int) int {
	if c.Fences {
		return n
	}
	return 1
}

func (c *Config) tokens() int { return c.Clients * c.Tokens }

// tokenName is what a token is called: its client's letter and, if clients have several, its number.
func (c *Config) tokenName(token int) string {
	name := string(rune('a' + token/c.Tokens))
	if c.Tokens > 1 {
		name += string(rune('1' + token%c.Tokens))
	}
	return name
}

// tokenOf is the token of a name, and none if it is no client's.
func (c *Config) tokenOf(name string) int {
	for token := range c.tokens() {
		if c.tokenName(token) == name {
			return token
		}
	}
	return none
}

const channelPrefix = "redilock:model:"

// channelName is the channel that a client listens on.
func channelName(client int) string {
	if client < 0 {
		return ""
	}
	return channelPrefix + string(rune('a'+client))
}

// clientOf is the client that listens on a channel, and none if none does.
func (c *Config) clientOf(channel string) int {
	for client := range c.Clients {
		if channelName(client) == channel {
			return client
		}
	}
	return none
}
