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
	queueSlot    = 30_000    // ms; a grant that is not the first of its slot need not renew them
	fenceRetain  = 3_600_000 // ms
	fenceSlot    = 60_000    // ms, the same of the fence counter
	fenceLimit   = 1<<53 - 1 // the highest fence
	defaultSweep = 64        // dead waiters that a call may drop
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
	Locks   int // each with keys of its own
	Tokens  int // of a client: with two, it names one as the successor of the other when it releases

	Try       bool // clients ask once, without queueing
	Poll      bool // clients queue and poll
	Push      bool // clients queue and are told
	Broadcast bool // clients queue and are told, in a cluster
	Extend    bool
	Poor      bool // clients release without saying which channel is theirs
	Fences    bool // clients ask for more than one number
	Later     bool // some waiters have a wake mode of a later version of the scripts

	Foreign bool // another program's SET NX PX, and its DEL
	Forever bool // another program's SET NX, and its PERSIST of our lock
	Delete  bool // a companion key is deleted, the database emptied, everything expires
	Restore bool // the server is restored from an old snapshot
	Full    bool // the fence counter gets to the highest number
	Wrong   bool // a key gets a wrong type
	Memory  bool // the server is out of memory at times
	Ahead   bool // the clock was set back: it is behind the last fence
	Slot    bool // the last grant was microseconds ago, and not the first of its minute
	Long    bool // a lease of hours was granted before: the counter is kept for longer than other leases need it

	Sweep int // dead waiters dropped in one call at the most; 0: as the scripts are

	Depth     int // actions in a row that a quick run explores; 0: until there is no new state
	DeepDepth int // the same of a deep run
}

func (c *Config) sweep() int {
	if c.Sweep > 0 {
		return c.Sweep
	}
	return defaultSweep
}

// epoch is the moment that every state is set at, in ms.
func (c *Config) epoch() int64 {
	if c.Slot {
		return epochMS + fenceSlot - 1 // the last millisecond of a minute
	}
	return epochMS
}

// clock is the server's during every call, in microseconds.
func (c *Config) clock() int64 { return c.epoch()*1000 + epochMicro }

// counter is the highest number that any grant owns. It is what the fence counter is set to, unless that is lost, set
// back or set ahead: no state remembers more.
func (c *Config) counter() int64 {
	switch {
	case c.Ahead:
		return counterAhead
	case c.Slot:
		return c.clock() - slotGap
	}
	return c.clock() - usualGap
}

// fenceKept is for how long a fence counter lives on, in every state, in ms. It is less than a new one does, so that a
// call that should have renewed it is seen; in a slot, as much as the first grant of the slot left.
func (c *Config) fenceKept() int64 {
	switch {
	case c.Long:
		return 2 * fenceRetain
	case c.Slot:
		return fenceRetain - fenceSlot + 1
	}
	return fenceRetain - 1
}

// queueKept is the same of the queue and of what is known of the waiters.
func (c *Config) queueKept() int64 {
	if c.Slot {
		return queueRetain - queueSlot + 1
	}
	return queueRetain - 1
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
