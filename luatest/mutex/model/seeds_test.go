package model

import "slices"

// seed is a known bug: an edit of the scripts that the search must find.
type seed struct {
	name  string
	world string   // where it is found
	depth int      // in so many actions at the most
	files string   // the scripts that are edited, by their verbs
	edits []string // pairs: what is there, what is there instead

	// instant says that the bug shows at one instant only: no clock but the model's can be stopped there, so the
	// scenario cannot show it.
	instant bool
}

// seeds are all of them.
var seeds = slices.Concat(queueSeeds, fenceSeeds)

// queueSeeds are those of leases, of the queue, of waiters and how they are told.
var queueSeeds = []seed{
	{
		name: "anybody can release", world: "queue", depth: 2, files: "release",
		edits: []string{
			"if holder == token then\n\thead",
			"if holder then\n\thead",
			"if holder == token then\n\tlocal outcome",
			"if holder then\n\tlocal outcome",
		},
	},
	{
		name: "anybody can extend", world: "queue", depth: 3, files: "extend",
		edits: []string{
			"if holder ~= token then",
			"if not holder then",
		},
	},
	{
		name: "anybody can release the second lock", world: "locks", depth: 2, files: "release",
		edits: []string{
			"if holder == token then",
			"if holder == token or holder and lock == 'lock2' then",
		},
	},
	{
		name: "extend revives a lease that has ended", world: "queue", depth: 1, files: "extend",
		edits: []string{
			"if holder ~= token then",
			"if holder and holder ~= token then",
		},
	},
	{
		name: "extend sets the lease, and so shortens it", world: "queue", depth: 2, files: "acquire extend release",
		edits: []string{
			"\tlocal kept = math.max(left, lease)\n",
			"\tlocal kept = lease\n",
			"\tif left < lease then\n",
			"\tif true then\n",
		},
	},
	{
		name: "extend lets the fence counter run out", world: "queue", depth: 2, files: "extend",
		edits: []string{
			"\t\tlocal err = retain_fence(kept)\n",
			"\t\tlocal err\n",
		},
	},
	{
		name: "a foreign lock is overwritten", world: "queue", depth: 2, files: "acquire",
		edits: []string{
			"token, 'NX', 'PX', ARGV[2])",
			"token, 'PX', ARGV[2])",
		},
	},
	{
		name: "a repeated acquire gets a new fence", world: "queue", depth: 2, files: "acquire",
		edits: []string{
			"if holder == token then\n\tlocal f, kept = renew(lease)",
			"if holder == token then\n\tlocal f, kept = next_fence(lease, 1), lease",
		},
	},
	{
		name: "a repeated acquire owns numbers once more", world: "queue", depth: 2, files: "acquire",
		edits: []string{
			"return {'GRANTED', f, kept, 1}",
			"return {'GRANTED', f, kept, fences}",
		},
	},
	{
		name: "a repeated acquire is told that the lock is held", world: "queue", depth: 2, files: "acquire",
		edits: []string{
			"if holder == token then",
			"if false then",
		},
	},
	{
		name: "the fast path does not look at the queue", world: "queue", depth: 4, files: "acquire",
		edits: []string{
			"local set = there < 2 and redis.pcall('SET'",
			"local set = redis.pcall('SET'",
		},
	},
	{
		name: "the fast path takes a queue for a counter", world: "queue", depth: 4, files: "acquire",
		edits: []string{
			"redis.call('EXISTS', queue, queue, fence)",
			"redis.call('EXISTS', queue, fence)",
		},
	},
	{
		name: "a newcomer overtakes the queue of a free lock", world: "queue", depth: 4, files: "acquire",
		edits: []string{
			"local outcome, g = hand_off(caller)",
			"local outcome, g = 'empty'",
		},
	},
	{
		name: "release does not look at the queue", world: "queue", depth: 3, files: "release",
		edits: []string{
			"if #head == 0 and not head.err and successor == '' then",
			"if true then",
		},
	},
	{
		name: "a waiter is granted the lock and stays in the queue", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"\t\t\tleave(who)\n\t\t\tif ours",
			"\t\t\tif ours",
		},
	},
	{
		name: "a dead waiter is granted the lock", world: "queue", depth: 6, files: "acquire release",
		edits: []string{
			"if lease and number_of(presence_end, 9007199254740991) >= now_ms() then",
			"if lease then",
		},
	},
	{
		name: "a waiter is dropped at the last instant of its presence", world: "queue", depth: 5, files: "acquire release",
		instant: true,
		edits: []string{
			"9007199254740991) >= now_ms()",
			"9007199254740991) > now_ms()",
		},
	},
	{
		name: "a call does not renew the presence", world: "queue", depth: 4, files: "acquire release",
		edits: []string{
			"local written = redis.pcall('HSET'",
			"local written = score or redis.pcall('HSET'",
		},
	},
	{
		name: "a waiter that calls again goes to the tail", world: "queue", depth: 4, files: "acquire release",
		edits: []string{
			"\tif not score then\n",
			"\tif true then\n",
		},
	},
	{
		name: "a grant lasts longer than the presence", world: "queue", depth: 2, files: "acquire release",
		edits: []string{
			"math.min(w.lease, w.presence)",
			"w.lease",
		},
	},
	{
		name: "a hand-off has no lease", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"redis.call('SET', lock, to, 'PX', lease)",
			"redis.call('SET', lock, to)",
		},
	},
	{
		name: "a hand-off is not told", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"redis.pcall('PUBLISH', channel, message)",
			"1",
		},
	},
	{
		name: "a message does not say how many fences", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"string.format(' %.0f %d %d', g.fence, g.lease, g.fences)",
			"string.format(' %.0f %d', g.fence, g.lease)",
		},
	},
	{
		name: "the caller is to tell waiters of other clients", world: "queue", depth: 3, files: "release",
		edits: []string{
			"if channel == own_channel and",
			"if own_channel and",
		},
	},
	{
		name: "a waiter that nobody listens for keeps the lock", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"~= 0 or wake ~= 'push'",
			"~= 0 or true",
		},
	},
	{
		name: "in a cluster, a count of zero takes the lock back", world: "cluster", depth: 3, files: "acquire release",
		edits: []string{
			"~= 0 or wake ~= 'push'",
			"~= 0",
		},
	},
	{
		name: "a wake mode of a later version means dead", world: "later", depth: 4, files: "acquire release",
		edits: []string{
			"~= 0 or wake ~= 'push'",
			"~= 0 or wake == 'broadcast'",
		},
	},
	{
		name: "an extended wake mode means dead", world: "later", depth: 4, files: "acquire release",
		edits: []string{
			"~= 0 or wake ~= 'push'",
			"~= 0 or string.find(wake, '^push') == nil",
		},
	},
	{
		name: "a record of a later version is no record", world: "later", depth: 4, files: "acquire release",
		edits: []string{
			"([1-9]%d*) (%S+) (.*)$",
			"([1-9]%d*) (%a+) (.*)$",
		},
	},
	{
		name: "the caller is to tell waiters of a later version", world: "later", depth: 4, files: "release",
		edits: []string{
			"and (wake == 'push' or wake == 'broadcast') then",
			"then",
		},
	},
	{
		name: "who leaves a free lock's queue does not hand it on", world: "queue", depth: 5, files: "release",
		edits: []string{
			"\t\tif not holder then\n\t\t\thand_off()\n\t\tend\n",
			"",
		},
	},
	{
		name: "who leaves a free lock's queue with a successor does not hand it on", world: "successor",
		depth: 5, files: "release",
		edits: []string{
			"\t\tif not holder then\n\t\t\their.stands",
			"\t\tif false then\n\t\t\their.stands",
		},
	},
	{
		name: "who leaves with a successor denies that it got the lock", world: "successor", depth: 5, files: "release",
		edits: []string{
			"\t\t\tif outcome == 'granted' and g.token == successor then\n" +
				"\t\t\t\treturn {'HANDED', successor, g.fence, lease, g.fences}\n\t\t\tend\n" +
				"\t\t\tposition = position > 0 and position_of(successor) or 0\n",
			"",
		},
	},
	{
		name: "who leaves stays in the queue", world: "queue", depth: 3, files: "release",
		edits: []string{
			"if place then\n\tleave(token)\n",
			"if place then\n",
		},
	},
	{
		name: "a waiter's record is left behind", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"redis.pcall('HDEL', waiters, who)",
			"",
		},
	},
	{
		name: "the queue never expires", world: "queue", depth: 2, files: "acquire release",
		edits: []string{
			"\tredis.call('PEXPIRE', queue, 120000)\n",
			"",
		},
	},
	{
		name: "a call does not renew the queue's retention", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"\tretain_queue()\n\treturn position_of(w.token)",
			"\tif not score then\n\t\tretain_queue()\n\tend\n\treturn position_of(w.token)",
		},
	},
	{
		name: "a hand-off never renews the queue's retention", world: "successor", depth: 3, files: "acquire release",
		instant: true,
		edits: []string{
			"if not ago or now_us() % 30000000 < ago then",
			"if false then",
		},
	},
	{
		name: "the successor enters after the head has left", world: "slot", depth: 3, files: "release",
		edits: []string{
			"\t\t\tif caller and not ours and not caller.stands then\n",
			"\t\t\tleave(who)\n\t\t\tif caller and not ours and not caller.stands then\n",
		},
	},
	{
		name: "a successor loses the place that it has", world: "successor", depth: 5, files: "release",
		edits: []string{
			"redis.call('ZADD', queue, 'NX', arrival",
			"redis.call('ZADD', queue, arrival",
		},
	},
	{
		name: "a successor is told its place before the head left", world: "successor", depth: 4, files: "release",
		edits: []string{
			"arrival - second + 1 or 1",
			"arrival - second + 2 or 2",
		},
	},
	{
		name: "a successor's record is not renewed", world: "successor", depth: 5, files: "release",
		edits: []string{
			"\tredis.call('HSET', waiters, successor.token, record_of(successor))\n\tif",
			"\tif redis.call('HGET', waiters, successor.token) == false then\n" +
				"\t\tredis.call('HSET', waiters, successor.token, record_of(successor))\n\tend\n\tif",
		},
	},
	{
		name: "a successor takes the head of the queue", world: "successor", depth: 4, files: "release",
		edits: []string{
			"local arrival = head[3] and next_arrival() or tonumber(head[2]) + 1",
			"local arrival = tonumber(head[2]) - 1",
		},
	},
	{
		name: "the successor of a waiter goes to the tail", world: "successor", depth: 4, files: "release",
		edits: []string{
			"stand(heir, place) or 0",
			"stand(heir) or 0",
		},
	},
	{
		name: "the successor gets the lock before those who wait", world: "successor", depth: 3, files: "release",
		edits: []string{
			"if outcome == 'empty' and heir then",
			"if heir then",
		},
	},
	{
		name: "a repeated release denies that the successor has the lock", world: "successor", depth: 3, files: "release",
		edits: []string{
			"\tif holder == successor then",
			"\tif false then",
		},
	},
	{
		name: "a repeated release denies that the successor waits", world: "successor", depth: 4, files: "release",
		edits: []string{
			"\tif position then",
			"\tif false then",
		},
	},
	{
		name: "a successor gets the lock by its place, and another place", world: "successor", depth: 3, files: "release",
		edits: []string{
			"\tif outcome == 'granted' and heir and g.token == successor then\n" +
				"\t\treturn {'HANDED', successor, g.fence, lease, g.fences}\n\tend\n",
			"",
		},
	},
	{
		name: "a successor that has the lock gets a place", world: "successor", depth: 3, files: "release",
		edits: []string{
			"\tif holder ~= successor then\n\t\tlocal position",
			"\tif true then\n\t\tlocal position",
		},
	},
	{
		name: "a successor gets what was asked for the waiter before", world: "successor", depth: 4, files: "release",
		edits: []string{
			"\t\t\tlease, wish = caller.lease, caller.fences\n",
			"\t\t\tlease, wish = lease or caller.lease, wish or caller.fences\n",
		},
	},
}
