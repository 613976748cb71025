package model

// seeds are all of them.
var seeds = []seed{
	{
		name: "anybody can release", world: "queue", depth: 2, files: "release",
		edits: []string{"if stop then\n\tgone[", "if size > 0 then\n\tgone["},
	},
	{
		name: "what is in use is not looked at", world: "queue", depth: 2, files: "acquire",
		edits: []string{"and used + weight <= limit", ""},
	},
	{
		name: "one permit too many", world: "queue", depth: 3, files: "acquire release shrink",
		edits: []string{"used + weight <= limit", "used + weight <= limit + 1"},
	},
	{
		name: "a grant weighs one", world: "queue", depth: 2, files: "acquire",
		edits: []string{"used + new * weight", "used + new"},
	},
	{
		name: "a release gives back more than there was", world: "queue", depth: 3, files: "release",
		edits: []string{"used - (weight or 2147483648)", "used - (weight or 2147483648) - 1"},
	},
	{
		name: "a release gives back nothing", world: "queue", depth: 3, files: "release",
		edits: []string{"math.max(used - (weight or 2147483648), 0)", "used"},
	},
	{
		name: "a shrink gives back all", world: "queue", depth: 3, files: "shrink",
		edits: []string{"used - has + kept", "used - has"},
	},
	{
		name: "a shrink may grow", world: "queue", depth: 2, files: "shrink",
		edits: []string{"math.min(has or weight, weight)", "weight", "if has and kept < has then", "if has then"},
	},
	{
		name: "a lease that is over counts on", world: "queue", depth: 6, files: "acquire",
		edits: []string{"for i = 1, #gone do\n\t\tforget(records[i + 3])\n\tend\n", ""},
	},
	{
		name: "a lease ends in its last millisecond", world: "queue", depth: 5, files: "acquire", hidden: true,
		edits: []string{"stop >= now_ms()", "stop > now_ms()"},
	},
	{
		name: "while records are lost it goes on granting", world: "deleted", depth: 3, files: "acquire",
		edits: []string{"used, count = there * 2147483648, there", "used, count = 0, there"},
	},
	{
		name: "while another program has removed one it goes on granting", world: "removed", depth: 6, files: "acquire",
		edits: []string{"known and count == size and", "known and"},
	},
	{
		name: "the last of the holders that were removed costs a poll", world: "foreign", depth: 5, files: "release",
		edits: []string{"forget(record)\n\treset_if_empty()", "forget(record)"},
	},
	{
		name: "a restored record is not counted", world: "deleted", depth: 4, files: "extend",
		edits: []string{"used, last_limit = used + weight, limit", "last_limit = limit"},
	},
	{
		name: "a record is restored twice", world: "deleted", depth: 4, files: "extend",
		edits: []string{"if lost and weight > 0 and known then", "if weight > 0 and known then"},
	},
	{
		name: "when the holders are lost the sum stays", world: "deleted", depth: 3, files: "acquire",
		edits: []string{"if size == 0 and used + count > 0 then", "if false then"},
	},
	{
		name: "records of lost holders are not swept", world: "pages", depth: 6, hidden: true, files: "acquire",
		edits: []string{"passes, touched = 0, 0, cursor == '0' and 1 or 2, true", "touched = 0, 0, true"},
	},
	{
		name: "a newcomer overtakes the queue", world: "queue", depth: 3, files: "acquire",
		edits: []string{"if length == 0 and fits(weight, limit) then", "if fits(weight, limit) then"},
	},
	{
		name: "small ones pass a large one", world: "push", depth: 4, files: "acquire",
		edits: []string{"outcome == 'empty' and not caller.fence", "not caller.fence"},
	},
	{
		name: "release does not look at the queue", world: "queue", depth: 3, files: "release",
		edits: []string{"successor == '' and redis.pcall('ZCARD', pending) == 0", "successor == ''"},
	},
	{
		name: "release admits one only", world: "push", depth: 4, files: "release", // and does not say that there are more
		edits: []string{"for _ = 1, 64 do", "for _ = 1, 1 do", "and 'more' or 'empty'", "and 'full' or 'empty'"},
	},
	{
		name: "more is not said", world: "bound", depth: 5, files: "release",
		edits: []string{"local more = outcome == 'more' and 1 or 0", "local more = 0"},
	},
	{
		name: "a shrink admits nobody", world: "push", depth: 3, files: "shrink",
		edits: []string{"local outcome = admit(nil, channel, granted)", "local outcome = ''"},
	},
	{
		name: "who leaves the queue lets nobody go", world: "push", depth: 4, files: "release",
		edits: []string{"= admit(heir, channel, granted)", "= stop and admit(heir, channel, granted)"},
	},
	{
		name: "one that was admitted stays in the queue", world: "push", depth: 3, files: "release",
		edits: []string{"redis.call('ZREM', queue, who)\n\t\t\tw.token", "w.token"},
	},
	{
		name: "a dead waiter is admitted", world: "queue", depth: 6, files: "acquire release",
		edits: []string{"w.presence_end >= now_ms() and", "w.presence_end and"},
	},
	{
		name: "a grant lasts longer than the presence", world: "push", depth: 3, files: "acquire", hidden: true,
		edits: []string{"math.min(w.lease, w.presence)", "w.lease"},
	},
	{
		name: "a waiter that nobody listens for keeps its permits", world: "push", depth: 3, files: "release",
		edits: []string{"message) ~= 0 or wake ~= 'push'", "message)"},
	},
	{
		name: "in a cluster a count of zero takes the grant back", world: "cluster", depth: 3, files: "release",
		edits: []string{"~= 0 or wake ~= 'push'", "~= 0"},
	},
	{
		name: "a grant that is taken back weighs on", world: "push", depth: 5, files: "release",
		edits: []string{"used, touched = size - 1, count - 1, used - weight, true", "touched = size - 1, count - 1, true"},
	},
	{
		name: "the fence is made after the holder", world: "full", depth: 3, files: "acquire",
		edits: []string{
			"local f, owned = next_fence(lease, wish)\n\tif not f",
			"redis.call('ZADD', holders, now_ms() + lease, who)\n" +
				"\tlocal f, owned = next_fence(lease, wish)\n\tif not f",
		},
	},
	{
		name: "fences repeat", world: "behind", depth: 1, files: "acquire",
		edits: []string{"f = before + 1", "f = before"},
	},
	{
		name: "a repeat owns numbers once more", world: "queue", depth: 2, files: "acquire",
		edits: []string{"return {'GRANTED', f, kept, 1}", "return {'GRANTED', f, kept, fences}"},
	},
	{
		name: "a repeat shortens the lease", world: "queue", depth: 2, files: "acquire extend",
		edits: []string{"math.max(left, lease)", "lease"},
	},
	{
		name: "a repeat with another weight is granted", world: "queue", depth: 2, files: "acquire",
		edits: []string{"if has and has ~= weight then", "if false then"},
	},
	{
		name: "a successor that holds is queued", world: "successor", depth: 3, files: "release",
		edits: []string{"if heir_stop then", "if false then"},
	},
	{
		name: "a successor stands at the tail, not in the place that was left", world: "successor", depth: 4,
		files: "release",
		edits: []string{"heir and place then\n\tstand(heir, place)", "heir and place then\n\tstand(heir)"},
	},
	{
		name: "the holders key outlives the leases", world: "queue", depth: 1, files: "acquire", hidden: true,
		edits: []string{"holders, stop + 1)", "holders, stop + 1000)"},
	},
	{
		name: "the holders key has no expiry", world: "queue", depth: 1, files: "acquire", hidden: true,
		edits: []string{"redis.call('PEXPIREAT', holders, stop + 1)", ""},
	},
	{
		name: "when the longest lease goes the holders key stays as long", world: "queue", depth: 5,
		files: "release", hidden: true,
		edits: []string{"gone, touched, moved = {}, true, true", "gone, touched = {}, true"},
	},
	{
		name: "the retention of records is shortened", world: "restored", depth: 2, files: "acquire", hidden: true,
		edits: []string{"redis.call('PEXPIRE', members, ms, 'GT') == 0", "redis.call('PEXPIRE', members, ms) == 0"},
	},
	{
		name: "the retention of records does not cover the lease", world: "queue", depth: 1, files: "acquire", hidden: true,
		edits: []string{"local ms = left + 120000", "local ms = 120000"},
	},
	{
		name: "the counter runs out under a lease", world: "queue", depth: 2, files: "extend", hidden: true,
		edits: []string{"err = retain_fence(kept)", "err = nil"},
	},
	{
		name: "the last release leaves the records", world: "queue", depth: 2, files: "release", hidden: true,
		edits: []string{"redis.call('UNLINK', members)", ""},
	},
	{
		name: "a release is refused for want of memory", world: "memory", depth: 3, files: "release",
		edits: []string{"redis.pcall('ZREM', holders, '')", "redis.pcall('ZADD', holders, 'NX', 1, token)"},
	},
	{
		name: "a broken hash keeps the permits", world: "wrong", depth: 3, files: "release",
		edits: []string{"if err and known then", "if err then"},
	},
	{
		name: "a cancelled head strands those that wait", world: "drain", depth: 5, files: "acquire",
		edits: []string{"if not ours and not alive(w) then", "if false then"},
	},
}
