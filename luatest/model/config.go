package model

// The times of the model, in ms. Small numbers make every order of the ends of leases and presences a few steps long.
// A waiter that polls asks for a lease shorter than its presence, one that is told for a longer one.
const (
	leaseMS      = 3
	pollLeaseMS  = 1
	presenceMS   = 2
	extendMS     = 2 // less than a fresh lease, more than an old one
	foreignMS    = 2
	queueRetain  = 120_000   // ms, of the queue and of what is known of the waiters
	fenceRetain  = 3_600_000 // ms
	defaultSweep = 64        // dead waiters that a call may drop
)

// Config is a world to explore: who is there, and what may happen.
type Config struct {
	Name  string
	Title string // what it is for

	Clients int
	Locks   int // each with keys of its own
	Tokens  int // of a client: with two, it names one as the successor of the other when it releases

	Try       bool // clients ask once, without queueing
	Poll      bool // clients queue and poll
	Push      bool // clients queue and are told
	Broadcast bool // clients queue and are told, in a cluster
	Extend    bool
	Poor      bool // clients release without saying which channel is theirs

	Foreign bool // another program's SET NX PX, and its DEL
	Forever bool // another program's SET NX, and its PERSIST of our lock
	Delete  bool // a companion key is deleted, the database emptied, everything expires
	Wrong   bool // a key gets a wrong type
	Memory  bool // the server is out of memory at times
	Ahead   bool // the clock was set back: it is behind the last fence

	Sweep int // dead waiters dropped in one call at the most; 0: as the scripts are

	Depth     int // actions in a row that a quick run explores; 0: until there is no new state
	DeepDepth int // the same of a deep run
}

// Configs are the worlds that are explored. Each has the least that its question needs: what all of them together may
// do in one world is more than can be gone through.
func Configs() []Config {
	return []Config{
		{
			Name: "queue", Title: "three clients wait for one lock, in every way there is, beside other programs",
			Clients: 3, Locks: 1, Tokens: 1, Try: true, Poll: true, Push: true, Broadcast: true, Extend: true, Poor: true,
			Foreign: true, Forever: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "successor", Title: "three clients of two goroutines each pass one lock on",
			Clients: 3, Locks: 1, Tokens: 2, Push: true, Foreign: true,
			Depth: 5, DeepDepth: 10,
		},
		{
			Name: "crowd", Title: "three clients of two goroutines each, in every way there is",
			Clients: 3, Locks: 1, Tokens: 2, Try: true, Poll: true, Push: true, Extend: true, Poor: true, Foreign: true,
			Depth: 4, DeepDepth: 7,
		},
		{
			Name: "turns", Title: "two clients of two goroutines each, in every way there is",
			Clients: 2, Locks: 1, Tokens: 2, Try: true, Poll: true, Push: true, Extend: true, Poor: true, Foreign: true,
			Depth: 5, DeepDepth: 9,
		},
		{
			Name: "locks", Title: "two clients and two locks, which have nothing to do with each other",
			Clients: 2, Locks: 2, Tokens: 1, Push: true, Extend: true, Foreign: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "behind", Title: "the clock was set back behind the last fence, and two clients are told or poll",
			Clients: 2, Locks: 1, Tokens: 2, Try: true, Push: true, Extend: true, Ahead: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "cluster", Title: "three clients are told by broadcast, and a foreign key has no expiry",
			Clients: 3, Locks: 1, Tokens: 1, Broadcast: true, Poor: true, Forever: true,
			Depth: 0, DeepDepth: 0,
		},
		{
			Name: "deleted", Title: "companion keys are deleted, the database is emptied, everything expires",
			Clients: 2, Locks: 1, Tokens: 2, Poll: true, Push: true, Extend: true, Delete: true,
			Depth: 5, DeepDepth: 9,
		},
		{
			Name: "wrong", Title: "keys get a wrong type",
			Clients: 2, Locks: 1, Tokens: 2, Push: true, Extend: true, Wrong: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "memory", Title: "the server is out of memory at times",
			Clients: 2, Locks: 1, Tokens: 2, Try: true, Push: true, Extend: true, Foreign: true, Memory: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "sweep", Title: "a call may drop one dead waiter only",
			Clients: 3, Locks: 1, Tokens: 1, Try: true, Poll: true, Push: true, Sweep: 1,
			Depth: 0, DeepDepth: 0,
		},
	}
}

func (c *Config) sweep() int {
	if c.Sweep > 0 {
		return c.Sweep
	}
	return defaultSweep
}

// counter is what the fence counter is set to, if there is one: no state remembers more.
func (c *Config) counter() int64 {
	if c.Ahead {
		return counterAhead
	}
	return counterBehind
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

// tokenOf is the token of a name, and -1 if it is no client's.
func (c *Config) tokenOf(name string) int {
	if len(name) == 0 || len(name) > 2 {
		return -1
	}
	client, number := int(name[0])-'a', 0
	if len(name) == 2 {
		number = int(name[1]) - '1'
	}
	token := client*c.Tokens + number
	if client < 0 || client >= c.Clients || number < 0 || number >= c.Tokens || c.tokenName(token) != name {
		return -1
	}
	return token
}

// channelName is the channel that a client listens on.
func channelName(client int) string { return channelPrefix + string(rune('a'+client)) }

const channelPrefix = "redilock:model:"

// clientOf is the client that listens on a channel, and -1 if none does.
func clientOf(channel string, clients int) int {
	if len(channel) != len(channelPrefix)+1 || channel[:len(channelPrefix)] != channelPrefix {
		return -1
	}
	if client := int(channel[len(channelPrefix)]) - 'a'; client >= 0 && client < clients {
		return client
	}
	return -1
}

// foreignName is what another program's lock key holds.
const foreignName = "foreign"
