package model

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

var seeds = []seed{
	{
		name: "anybody can release", world: "queue", depth: 2, files: "release",
		edits: []string{"if holder == token then", "if holder then"},
	},
	{
		name: "anybody can extend", world: "queue", depth: 3, files: "extend",
		edits: []string{"if holder ~= token then", "if not holder then"},
	},
	{
		name: "anybody can release the second lock", world: "locks", depth: 2, files: "release",
		edits: []string{"if holder == token then", "if holder == token or holder and lock == 'lock2' then"},
	},
	{
		name: "extend revives a lease that has ended", world: "queue", depth: 1, files: "extend",
		edits: []string{"if holder ~= token then", "if holder and holder ~= token then"},
	},
	{
		name: "extend sets the lease, and so shortens it", world: "queue", depth: 2, files: "acquire extend release",
		edits: []string{"  if left >= lease then\n    return left\n  end\n", ""},
	},
	{
		name: "extend lets the fence counter run out", world: "queue", depth: 2, files: "extend",
		edits: []string{"redis.call('PEXPIRE', fence, FENCE_RETENTION)\n", ""},
	},
	{
		name: "a foreign lock is overwritten", world: "queue", depth: 2, files: "acquire",
		edits: []string{"token, 'NX', 'PX', lease)", "token, 'PX', lease)"},
	},
	{
		name: "a repeated acquire gets a new fence", world: "queue", depth: 2, files: "acquire",
		edits: []string{"if holder == token then\n  local f, err = current_fence()",
			"if holder == token then\n  local f, err = next_fence()"},
	},
	{
		name: "a repeated acquire is told that the lock is held", world: "queue", depth: 2, files: "acquire",
		edits: []string{"if holder == token then", "if false then"},
	},
	{
		name: "the fast path does not look at the queue", world: "queue", depth: 4, files: "acquire",
		edits: []string{"redis.call('EXISTS', queue) == 0 and redis.pcall('SET'", "redis.pcall('SET'"},
	},
	{
		name: "a newcomer overtakes the queue of a free lock", world: "queue", depth: 4, files: "acquire",
		edits: []string{"local outcome, who, f = hand_off(token, lease)", "local outcome, who, f = 'empty'"},
	},
	{
		name: "release does not look at the queue", world: "queue", depth: 3, files: "release",
		edits: []string{"if redis.call('EXISTS', queue) == 0 then", "if true then"},
	},
	{
		name: "a waiter is granted the lock and stays in the queue", world: "queue", depth: 3, files: "acquire release",
		edits: []string{"      leave(who)\n      if who == caller or", "      if who == caller or"},
	},
	{
		name: "a dead waiter is granted the lock", world: "queue", depth: 6, files: "acquire release",
		edits: []string{"elseif not lease or tonumber(presence_end) < now_ms() then", "elseif not lease then"},
	},
	{
		name: "a waiter is dropped at the last instant of its presence", world: "queue", depth: 5, files: "acquire release",
		instant: true,
		edits:   []string{"tonumber(presence_end) < now_ms()", "tonumber(presence_end) <= now_ms()"},
	},
	{
		name: "a call does not renew the presence", world: "queue", depth: 4, files: "acquire release",
		edits: []string{"local written = redis.pcall('HSET'", "local written = score or redis.pcall('HSET'"},
	},
	{
		name: "a waiter that calls again goes to the tail", world: "queue", depth: 4, files: "acquire release",
		edits: []string{"  if not score then\n", "  if true then\n"},
	},
	{
		name: "a grant lasts longer than the presence", world: "queue", depth: 2, files: "acquire release",
		edits: []string{"math.min(lease, presence)", "lease"},
	},
	{
		name: "a hand-off has no lease", world: "queue", depth: 3, files: "acquire release",
		edits: []string{"redis.call('SET', lock, to, 'PX', lease)", "redis.call('SET', lock, to)"},
	},
	{
		name: "a hand-off is not told", world: "queue", depth: 3, files: "acquire release",
		edits: []string{"redis.pcall('PUBLISH', channel, to .. string.format(' %.0f %d', f, lease))", "1"},
	},
	{
		name: "the caller is to tell waiters of other clients", world: "queue", depth: 3, files: "release",
		edits: []string{"if channel == own_channel then", "if own_channel then"},
	},
	{
		name: "a waiter that nobody listens for keeps the lock", world: "queue", depth: 3, files: "acquire release",
		edits: []string{"return wake == 'broadcast' or receivers ~= 0", "return true"},
	},
	{
		name: "in a cluster, a count of zero takes the lock back", world: "cluster", depth: 3, files: "acquire release",
		edits: []string{"return wake == 'broadcast' or receivers ~= 0", "return receivers ~= 0"},
	},
	{
		name: "who leaves a free lock's queue does not hand it on", world: "queue", depth: 5, files: "release",
		edits: []string{"    if not holder then\n      hand_off()\n    end\n", ""},
	},
	{
		name: "who leaves stays in the queue", world: "queue", depth: 3, files: "release",
		edits: []string{"if place then\n  leave(token)\n", "if place then\n"},
	},
	{
		name: "a waiter's record is left behind", world: "queue", depth: 3, files: "acquire release",
		edits: []string{"redis.pcall('HDEL', waiters, who)", ""},
	},
	{
		name: "the queue never expires", world: "queue", depth: 2, files: "acquire release",
		edits: []string{"  redis.call('PEXPIRE', queue, QUEUE_RETENTION)\n", ""},
	},
	{
		name: "a call does not renew the queue's retention", world: "queue", depth: 3, files: "acquire release",
		edits: []string{"  redis.call('PEXPIRE', queue, QUEUE_RETENTION)\n",
			"  if not score then\n    redis.call('PEXPIRE', queue, QUEUE_RETENTION)\n  end\n"},
	},
	{
		name: "the fence counter never expires", world: "queue", depth: 1, files: "acquire extend release",
		edits: []string{"redis.pcall('SET', fence, f, 'PX', FENCE_RETENTION, 'GET')", "redis.pcall('SET', fence, f, 'GET')"},
	},
	{
		name: "the fence counter is not written", world: "queue", depth: 1, files: "acquire extend release",
		edits: []string{"redis.pcall('SET', fence, f, 'PX', FENCE_RETENTION, 'GET')", "redis.pcall('GET', fence)"},
	},
	{
		name: "a fence is given out twice", world: "behind", depth: 1, files: "acquire extend release",
		edits: []string{"redis.call('SET', fence, before + 1, 'PX', FENCE_RETENTION)\n  return before + 1",
			"redis.call('SET', fence, before, 'PX', FENCE_RETENTION)\n  return before"},
	},
	{
		name: "a fence is the clock, whatever the last one was", world: "behind", depth: 1, files: "acquire extend release",
		edits: []string{"if not before or before < f or not counts(last) then", "if true then"},
	},
	{
		name: "a successor takes the head of the queue", world: "successor", depth: 4, files: "release",
		edits: []string{"stand(successor, nil, lease,", "stand(successor, 0, lease,"},
	},
	{
		name: "the successor of a waiter goes to the tail", world: "successor", depth: 4, files: "release",
		edits: []string{"stand(successor, place, lease,", "stand(successor, nil, lease,"},
	},
	{
		name: "the successor gets the lock before those who wait", world: "successor", depth: 3, files: "release",
		edits: []string{"if outcome == 'empty' and successor", "if successor"},
	},
	{
		name: "a repeated release denies that the successor has the lock", world: "successor", depth: 3, files: "release",
		edits: []string{"  if holder == successor then", "  if false then"},
	},
	{
		name: "a repeated release denies that the successor waits", world: "successor", depth: 4, files: "release",
		edits: []string{"  if position then", "  if false then"},
	},
	{
		name: "a successor gets the lock by its place, and another place", world: "successor", depth: 3, files: "release",
		edits: []string{"  if who == heir then\n    return {'HANDED', successor, f, granted}\n  end\n", ""},
	},
	{
		name: "a successor that has the lock gets a place", world: "successor", depth: 3, files: "release",
		edits: []string{"  if holder ~= successor then\n    return {'LEFT'", "  if true then\n    return {'LEFT'"},
	},
	{
		name: "a lock that another program made eternal stays so", world: "queue", depth: 3, files: "acquire extend release",
		edits: []string{"if left >= lease then", "if left >= lease or left < 0 then"},
	},
	{
		name: "the holder's fence is what is left of the counter", world: "deleted", depth: 3, files: "acquire extend",
		edits: []string{"    return next_fence()\n  end\n  return number", "    return 1\n  end\n  return number"},
	},
	{
		name: "a waiter without a record raises", world: "deleted", depth: 4, files: "acquire release",
		edits: []string{"string.match(record or '',", "string.match(record,"},
	},
	{
		name: "a lock is set, and its fence fails", world: "wrong", depth: 2, files: "acquire",
		edits: []string{"    redis.call('DEL', lock)\n    return err\n", "    return err\n"},
	},
	{
		name: "a queue of a wrong type raises", world: "wrong", depth: 3, files: "acquire release",
		edits: []string{"local head = redis.pcall('ZRANGE'", "local head = redis.call('ZRANGE'"},
	},
	{
		name: "release grants before it deletes", world: "memory", depth: 4, files: "release",
		edits: []string{
			"  redis.call('DEL', lock)\nend\n", "end\n",
			"hand_off(heir, lease, channel)\n", "hand_off(heir, lease, channel)\n" +
				"  if outcome ~= 'granted' then\n    redis.call('DEL', lock)\n  end\n",
		},
	},
	{
		name: "a call that swept all it may thinks that nobody waits", world: "sweep", depth: 9, files: "acquire",
		edits: []string{"  return 'more'", "  return 'empty'"},
	},
}
