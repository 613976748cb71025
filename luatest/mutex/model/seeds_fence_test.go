package model

// fenceSeeds are those of fences, and of a server that lost something or refuses.
var fenceSeeds = []seed{
	{
		name: "a lock that another program made eternal stays so", world: "queue", depth: 3, files: "acquire extend release",
		edits: []string{
			"\tif left < lease then",
			"\tif left < lease and left >= 0 then",
		},
	},
	{
		name: "the fence counter never expires", world: "queue", depth: 1, files: "acquire",
		edits: []string{
			"'PX', math.max(3600000, lease))\n\t\tif set.err",
			"'GET')\n\t\tif not set then\n\t\t\treturn f, 1\n\t\tend\n\t\tif set.err",
		},
	},
	{
		name: "the fence counter loses its expiry with the second grant", world: "slot", depth: 4, files: "acquire release",
		edits: []string{
			"digits, 'KEEPTTL', 'GET')",
			"digits, 'GET')",
		},
	},
	{
		name: "the fence counter is not written", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"redis.pcall('SET', fence, digits, 'KEEPTTL', 'GET')",
			"redis.pcall('GET', fence)",
		},
	},
	{
		name: "the fence counter's retention is never renewed", world: "queue", depth: 3, files: "acquire release",
		instant: true,
		edits: []string{
			"if f % 60000000 < ago or lease > 3540000 then",
			"if false then",
		},
	},
	{
		name: "a long lease's retention is shortened", world: "behind", depth: 1, files: "acquire extend release",
		edits: []string{
			"redis.pcall('PEXPIRE', fence, ms, 'GT')",
			"redis.pcall('PEXPIRE', fence, ms)",
		},
	},
	{
		name: "a grant in a slot shortens the retention to its lease", world: "slot", depth: 4, files: "acquire release",
		instant: true,
		edits: []string{
			"\t\tif f % 60000000 < ago or lease > 3540000 then\n\t\t\tretain_fence(lease)\n\t\tend\n",
			"\t\tif f % 60000000 < ago then\n\t\t\tretain_fence(lease)\n\t\telse\n" +
				"\t\t\tredis.call('PEXPIRE', fence, 60000)\n\t\tend\n",
		},
	},
	{
		name: "a counter that is lost comes back without an expiry", world: "deleted", depth: 3,
		files: "acquire extend release",
		edits: []string{
			"\tif raised == 0 then\n\t\traised = redis.pcall('PEXPIRE', fence, ms, 'NX')\n\tend\n",
			"",
		},
	},
	{
		name: "a fence is given out twice", world: "behind", depth: 1, files: "acquire extend release",
		edits: []string{
			"\t\tf = before + 1\n",
			"\t\tf = before\n",
		},
	},
	{
		name: "a fence is the clock, whatever the last one was", world: "behind", depth: 1, files: "acquire extend release",
		edits: []string{
			"if last and string.find(last, '^[1-9]%d*$') then",
			"if false then",
		},
	},
	{
		name: "fences are taken from the future", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"\tlocal f = tonumber(digits, 10)\n",
			"\tlocal f = tonumber(digits, 10)\n\tif not absent and wish > 1 then\n" +
				"\t\tlocal was = redis.call('GET', fence)\n" +
				"\t\tf = was and math.max(f, tonumber(was) + wish) or f\n" +
				"\t\tdigits = string.format('%.0f', f + wish)\n\tend\n\tlocal wish = wish\n",
		},
	},
	{
		name: "fences are taken from before the last fence", world: "slot", depth: 4, files: "acquire release",
		instant: true,
		edits: []string{
			"math.min(wish, ago), ago",
			"wish, ago",
		},
	},
	{
		name: "fences are taken without a counter", world: "slot", depth: 3, files: "acquire release",
		edits: []string{
			"\tretain_fence(lease)\n\treturn f, 1\n",
			"\tretain_fence(lease)\n\treturn f, last and 1 or wish\n",
		},
	},
	{
		name: "the first grant without a counter owns what it asks for", world: "slot", depth: 3, files: "acquire",
		edits: []string{
			"\t\t\treturn nil, set\n\t\tend\n\t\treturn f, 1\n",
			"\t\t\treturn nil, set\n\t\tend\n\t\treturn f, wish\n",
		},
	},
	{
		name: "fences behind the clock are what is asked for", world: "behind", depth: 1, files: "acquire release",
		edits: []string{
			"\tretain_fence(lease)\n\treturn f, 1\n",
			"\tretain_fence(lease)\n\treturn f, wish\n",
		},
	},
	{
		name: "the last fence owned is one after the counter", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"math.min(wish, ago), ago",
			"math.min(wish, ago) + 1, ago",
		},
	},
	{
		name: "a waiter's wish is forgotten", world: "queue", depth: 3, files: "acquire release",
		edits: []string{
			"math.min(w.lease, w.presence), w.fences, w.wake)",
			"math.min(w.lease, w.presence), 1, w.wake)",
		},
	},
	{
		name: "a full counter loses its expiry", world: "full", depth: 2, files: "acquire release",
		edits: []string{
			"\t\t\tredis.call('SET', fence, last, 'KEEPTTL')\n\t\t\treturn nil",
			"\t\t\tredis.call('SET', fence, last)\n\t\t\treturn nil",
		},
	},
	{
		name: "a full counter is set to the clock", world: "full", depth: 2, files: "acquire release",
		edits: []string{
			"\t\t\tredis.call('SET', fence, last, 'KEEPTTL')\n\t\t\treturn nil",
			"\t\t\treturn nil",
		},
	},
	{
		name: "a full counter keeps the lock", world: "full", depth: 4, files: "release",
		edits: []string{
			"\tif outcome ~= 'granted' then\n\t\tredis.call('DEL', lock)\n\tend\n",
			"\tif outcome ~= 'granted' and outcome ~= 'error' then\n\t\tredis.call('DEL', lock)\n\tend\n",
		},
	},
	{
		name: "a full counter costs a waiter its place", world: "full", depth: 4, files: "acquire release",
		edits: []string{
			"\t\t\t\treturn 'error', fences\n",
			"\t\t\t\tleave(who)\n\t\t\t\treturn 'error', fences\n",
		},
	},
	{
		name: "a full counter is passed", world: "full", depth: 2, files: "acquire release",
		edits: []string{
			"if #last > 16 or before >= 9007199254740991 then",
			"if #last > 16 then",
		},
	},
	{
		name: "the holder's fence is what is left of the counter", world: "deleted", depth: 3, files: "acquire extend",
		edits: []string{
			"\t\tlocal made, err = next_fence(kept, 1)\n",
			"\t\tlocal made, err = 1\n",
		},
	},
	{
		name: "a restored counter costs the lock its fence", world: "deleted", depth: 3, files: "acquire extend release",
		edits: []string{
			"if before and before < f and (wish",
			"if before and before < f and before > f - 60000000 and (wish",
		},
	},
	{
		name: "a waiter without a record raises", world: "deleted", depth: 4, files: "acquire release",
		edits: []string{
			"string.match(text or '',",
			"string.match(text,",
		},
	},
	{
		name: "a lock is set, and its fence fails", world: "wrong", depth: 2, files: "acquire",
		edits: []string{
			"\t\tredis.call('DEL', lock)\n\t\treturn owned\n",
			"\t\treturn owned\n",
		},
	},
	{
		name: "a queue of a wrong type raises", world: "wrong", depth: 3, files: "acquire release",
		edits: []string{
			"redis.pcall('ZRANGE', queue, '0', '1', 'WITHSCORES')\n\t\tif head.err",
			"redis.call('ZRANGE', queue, '0', '1', 'WITHSCORES')\n\t\tif head.err",
		},
	},
	{
		name: "release is refused for want of memory", world: "memory", depth: 4, files: "release",
		edits: []string{
			"redis.pcall('GETEX', lock)",
			"redis.pcall('GET', lock)",
		},
	},
	{
		name: "extend is refused for want of memory", world: "memory", depth: 3, files: "extend",
		edits: []string{
			"redis.pcall('GETEX', lock)",
			"redis.pcall('GET', lock)",
			"\tlocal f = redis.pcall('GET', fence)\n",
			"\tlocal f = redis.pcall('SET', fence, 1, 'NX', 'GET')\n",
		},
	},
	{
		name: "the holder is refused for want of memory", world: "memory", depth: 3, files: "acquire",
		edits: []string{
			"if set and set.ok then",
			"if set and set.err then\n\treturn set\nend\nif set and set.ok then",
		},
	},
	{
		name: "a call that swept all it may thinks that nobody waits", world: "sweep", depth: 9, files: "acquire",
		edits: []string{
			"\treturn 'more'",
			"\treturn 'empty'",
		},
	},
	{
		name: "a successor's place is counted before the dead left", world: "successor", depth: 4, files: "release",
		edits: []string{
			"\t\tif caller then\n\t\t\tcaller.position = nil\n\t\tend\n",
			"",
		},
	},
}
