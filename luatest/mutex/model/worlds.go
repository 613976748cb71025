package model

// Configs are the worlds that are explored. Each has the least that its question needs: what all of them together may
// do in one world is more than can be gone through.
func Configs() []Config {
	return []Config{
		{
			Name: "queue", Title: "three clients wait for one lock, in every way there is, beside other programs",
			Clients: 3, Locks: 1, Tokens: 1, Try: true, Poll: true, Push: true, Broadcast: true, Extend: true, Poor: true,
			Fences: true, Foreign: true, Forever: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "successor", Title: "three clients of two goroutines each pass one lock on",
			Clients: 3, Locks: 1, Tokens: 2, Push: true, Fences: true, Foreign: true,
			Depth: 5, DeepDepth: 10,
		},
		{
			Name: "crowd", Title: "three clients of two goroutines each, in every way there is",
			Clients: 3, Locks: 1, Tokens: 2, Try: true, Poll: true, Push: true, Extend: true, Poor: true, Foreign: true,
			Depth: 4, DeepDepth: 7,
		},
		{
			Name: "turns", Title: "two clients of two goroutines each, in every way there is",
			Clients: 2, Locks: 1, Tokens: 2, Try: true, Poll: true, Push: true, Extend: true, Poor: true, Fences: true,
			Foreign: true,
			Depth:   5, DeepDepth: 9,
		},
		{
			Name: "locks", Title: "two clients and two locks, which have nothing to do with each other",
			Clients: 2, Locks: 2, Tokens: 1, Push: true, Extend: true, Foreign: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "behind", Title: "the clock was set back behind the last fence, and two clients are told or poll",
			Clients: 2, Locks: 1, Tokens: 2, Try: true, Push: true, Extend: true, Fences: true, Ahead: true, Long: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "slot", Title: "grants follow each other within microseconds, and the counter is lost at times",
			Clients: 2, Locks: 1, Tokens: 2, Try: true, Push: true, Extend: true, Fences: true, Delete: true, Slot: true,
			Depth: 5, DeepDepth: 9,
		},
		{
			Name: "cluster", Title: "three clients are told by broadcast, and a foreign key has no expiry",
			Clients: 3, Locks: 1, Tokens: 1, Broadcast: true, Poor: true, Forever: true,
			Depth: 0, DeepDepth: 0,
		},
		{
			Name: "later", Title: "some waiters have a wake mode of a later version",
			Clients: 2, Locks: 1, Tokens: 2, Push: true, Poor: true, Fences: true, Later: true,
			Depth: 5, DeepDepth: 9,
		},
		{
			Name: "deleted", Title: "companion keys are deleted, the database is emptied or restored, everything expires",
			Clients: 2, Locks: 1, Tokens: 2, Poll: true, Push: true, Extend: true, Fences: true, Delete: true, Restore: true,
			Depth: 5, DeepDepth: 9,
		},
		{
			Name: "full", Title: "the fence counter gets to the highest number",
			Clients: 2, Locks: 1, Tokens: 2, Push: true, Extend: true, Fences: true, Full: true,
			Depth: 5, DeepDepth: 9,
		},
		{
			Name: "wrong", Title: "keys get a wrong type",
			Clients: 2, Locks: 1, Tokens: 2, Push: true, Extend: true, Wrong: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "memory", Title: "the server is out of memory at times",
			Clients: 2, Locks: 1, Tokens: 2, Try: true, Push: true, Extend: true, Fences: true, Foreign: true, Memory: true,
			Depth: 6, DeepDepth: 0,
		},
		{
			Name: "sweep", Title: "a call may drop one dead waiter only",
			Clients: 3, Locks: 1, Tokens: 1, Try: true, Poll: true, Push: true, Sweep: 1,
			Depth: 0, DeepDepth: 0,
		},
		{
			Name: "sweep-turns", Title: "a call may drop one dead waiter only, and names a successor",
			Clients: 2, Locks: 1, Tokens: 2, Push: true, Sweep: 1,
			Depth: 6, DeepDepth: 0,
		},
	}
}
