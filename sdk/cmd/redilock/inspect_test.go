//go:build unix

package main_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// figures takes out of what is printed what differs from run to run.
func figures(s string) string {
	s = regexp.MustCompile(`\b\d{16}\b`).ReplaceAllString(s, "FENCE")
	s = regexp.MustCompile(`\b(\d+m)?\d+(\.\d)?m?s\b`).ReplaceAllString(s, "TIME")
	return regexp.MustCompile(` {2,}`).ReplaceAllString(s, "  ")
}

func testInspect(t *testing.T, b *bench) {
	ctx := t.Context()
	b.lock(t, "web1:42", "busy")
	b.queue(t, "web2:7", "busy")
	b.queue(t, "web3:7", "busy")
	b.rdb.Set(ctx, "foreign", "a secret token", time.Minute)
	b.rdb.Set(ctx, "for ever", "a secret token", 0)
	b.rdb.LPush(ctx, "list", 1)
	r := b.run(t, "inspect", "busy", "foreign", "for ever", "nobody's", "evil\x1b[2J").want(t, 0)
	if d := cmp.Diff(`busy: held by web1:42, TIME left, fence FENCE, 2 waiting
  1. web2:7, presence TIME
  2. web3:7, presence TIME
foreign: held by another program, TIME left
for ever: held by another program, no expiry
nobody's: free
"evil\x1b[2J": free
`, figures(r.out)); d != "" {
		t.Error(d)
	}
	j := b.run(t, "inspect", "--json", "busy", "foreign", "for ever", "nobody's").want(t, 0)
	if strings.Contains(j.out, "secret") || strings.Contains(j.out, b.rdb.Get(ctx, "busy").Val()) {
		t.Error("a token is shown")
	}
	got := j.objects(t)
	for i, want := range []string{"true web1:42 2", "true <nil> 0", "true <nil> 0", "false <nil> 0"} {
		if s := fmt.Sprint(got[i]["held"], " ", got[i]["owner"], " ", got[i]["waiting"]); s != want {
			t.Errorf("%v, want %s", got[i], want)
		}
	}
	if left := got[0]["lease_left_ms"].(float64); left > 60_000 || left < 20_000 {
		t.Errorf("%v ms left", left)
	}
	if got[2]["lease_left_ms"] != nil || got[3]["lease_left_ms"] != nil || len(got[0]["waiters"].([]any)) != 2 {
		t.Errorf("got %v", got)
	}
	b.run(t, "inspect", "list").want(t, 125).says(t, "value of another type")
	b.run(t, "inspect", "").want(t, 125).says(t, "empty")
	b.run(t, "inspect", "a}b").want(t, 125).says(t, "hash tag")
}

func testLs(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	ctx := t.Context()
	b.run(t, "ls").want(t, 0).prints(t, "")
	b.lock(t, "web1:42", "p:held")
	b.lock(t, "web1:42", "p:tag{1}ged")
	b.lock(t, "web1:42", "a{b")
	if err := b.lock(t, "web1:42", "p:free").Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	b.rdb.Set(ctx, "p:foreign", "a secret token", time.Minute)
	b.rdb.Set(ctx, "p:unseen", "a secret token", time.Minute)
	b.queue(t, "web2:7", "p:foreign")
	if err := b.lock(t, "web1:42", "p:wrong").Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	b.rdb.LPush(ctx, "p:wrong", 1)
	b.rdb.Set(ctx, "no{lock:redilock:fence", 1, 0)
	for _, test := range []struct{ args, want string }{
		{"", `NAME  HOLDER  FENCE  LEFT  WAITING
a{b  web1:42  FENCE  TIME  0
p:foreign  (another program)  TIME  1
p:held  web1:42  FENCE  TIME  0
p:tag{1}ged  web1:42  FENCE  TIME  0
p:wrong  (not a lock)  0
`},
		{"a*", "NAME  HOLDER  FENCE  LEFT  WAITING\na{b  web1:42  FENCE  TIME  0\n"},
		{"*ged", "NAME  HOLDER  FENCE  LEFT  WAITING\np:tag{1}ged  web1:42  FENCE  TIME  0\n"},
		{"p:held", "NAME  HOLDER  FENCE  LEFT  WAITING\np:held  web1:42  FENCE  TIME  0\n"},
		{"p", ""},
		{"--prefix p: held", "NAME  HOLDER  FENCE  LEFT  WAITING\nheld  web1:42  FENCE  TIME  0\n"},
		{"--prefix p: f* --all", `NAME  HOLDER  FENCE  LEFT  WAITING
foreign  (another program)  TIME  1
free  (free)  FENCE  0
`},
		{"--prefix * held", ""},
	} {
		r := b.run(t, append([]string{"ls"}, strings.Fields(test.args)...)...).want(t, 0)
		if d := cmp.Diff(test.want, figures(r.out)); d != "" {
			t.Errorf("ls %s (-want +got):\n%s", test.args, d)
		}
	}
	j := b.run(t, "--prefix", "p:", "ls", "--json", "[fw]*").want(t, 0)
	var seen []string
	for _, o := range j.objects(t) {
		seen = append(seen, fmt.Sprint(o["name"], " ", o["key"], " ", o["held"], " ", o["error"] != nil))
	}
	if d := cmp.Diff([]string{"foreign p:foreign true false", "wrong p:wrong false true"}, seen); d != "" {
		t.Error(d)
	}
}

// KEYS would hold up the server; SCAN finds all the same, in a heap of other keys.
func testLsWalks(t *testing.T, b *bench) {
	b = b.another(t, server.Options{})
	const others, locks = 20_000, 300
	pipe := b.rdb.Pipeline()
	for i := range others {
		pipe.Set(t.Context(), fmt.Sprint("other:", i), i, 0)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := b.client(t, "web1:42")
	for i := range locks {
		if _, err := c.Mutex(fmt.Sprintf("lock-%03d", i), time.Minute).TryLock(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := b.run(t, "ls", "--json").want(t, 0).objects(t)
	if len(got) != locks {
		t.Fatalf("%d locks, want %d", len(got), locks)
	}
	for i, o := range got {
		if o["name"] != fmt.Sprintf("lock-%03d", i) {
			t.Fatalf("number %d is %v", i, o["name"])
		}
	}
	stats := b.rdb.Info(t.Context(), "commandstats").Val()
	if strings.Contains(stats, "cmdstat_keys:") || !strings.Contains(stats, "cmdstat_scan:") {
		t.Error("not by SCAN")
	}
}

// Every master of a cluster has some of the locks.
func testLsCluster(t *testing.T, b *bench) {
	nodes := server.StartClusterT(t, b.Executable(), 3, 0).Nodes
	cluster := *b
	cluster.url = "redis+cluster://" + nodes[2].Addr() + "," + nodes[0].Addr()
	const locks = 24
	var want []string
	for i := range locks {
		name := fmt.Sprintf("lock-%02d", i)
		cluster.run(t, "acquire", name).want(t, 0)
		want = append(want, name)
	}
	var got []string
	for _, o := range cluster.run(t, "ls", "--json", "lock-*").want(t, 0).objects(t) {
		got = append(got, o["name"].(string))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for _, node := range nodes {
		rdb := redis.NewClient(node.RedisOptions())
		defer rdb.Close()
		if n := rdb.DBSize(t.Context()).Val(); n < 2 || n > 2*locks-4 {
			t.Errorf("%s has %d keys: the test proves nothing", node.Addr(), n)
		}
	}
	cluster.run(t, "break", "-y", "lock-07").want(t, 0)
	cluster.run(t, "top", "--once", "lock-0[78]").want(t, 0).contains(t, "lock-08")
	r := cluster.run(t, "scripts", "check", "--load").want(t, 0)
	for _, node := range nodes {
		r.contains(t, node.Addr())
	}
	single := *b
	single.url = "redis://" + nodes[0].Addr()
	for _, name := range want { // one of them is elsewhere
		if r := single.run(t, "inspect", name); r.code != 0 {
			r.want(t, 125).says(t, "redis+cluster://")
			return
		}
	}
	t.Error("one node answers for all")
}
