package exporter

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/watch"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// bench is an exporter that looks when it is told to, and its server.
type bench struct {
	*Exporter
	server *miniredis.Miniredis
	rdb    *redis.Client
	client *redilock.Client
	http   *httptest.Server
}

func newBench(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	b := &bench{server: miniredis.RunT(t)}
	b.rdb = redis.NewClient(&redis.Options{Addr: b.server.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = b.rdb.Close() })
	var err error
	if b.client, err = redilock.New(b.rdb, redilock.WithOwner("me"), redilock.WithPrefix("p:")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.client.Close() })
	c := Config{
		Redis: b.rdb, Client: b.client, Prefix: "p:", Where: "here", Interval: time.Second,
		Allow: []string{"*"}, MaxLocks: 100, Log: slog.New(slog.DiscardHandler), Explain: error.Error,
		Words: func(e watch.Event) string { return "it was " + string(e.Kind) },
	}
	if change != nil {
		change(&c)
	}
	b.Exporter = New(c)
	b.http = httptest.NewServer(b.Handler())
	t.Cleanup(b.http.Close)
	t.Cleanup(b.end)
	return b
}

// look walks and looks once.
func (b *bench) look(t *testing.T) {
	t.Helper()
	if err := b.store.walk(t.Context(), b.rdb, b.config.Prefix); err != nil {
		t.Fatal(err)
	}
	err := b.store.look(t.Context(), func(ctx context.Context, names []listing.Name) ([]listing.Lock, error) {
		return listing.Inspect(ctx, b.client, names, true)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) lock(t *testing.T, name string) *redilock.Lock {
	t.Helper()
	l, err := b.client.Mutex(name, time.Minute).TryLock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (b *bench) get(t *testing.T, path string, status int) string {
	t.Helper()
	r, err := http.Get(b.http.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != status {
		t.Fatalf("%s: %s, %v", path, r.Status, err)
	}
	if csp := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; ") {
		t.Errorf("%s: the policy is %q", path, csp)
	}
	return string(text)
}

// series are the lines of /metrics that begin with this.
func (b *bench) series(t *testing.T, prefix string) (lines []string) {
	t.Helper()
	for line := range strings.Lines(b.get(t, "/metrics", http.StatusOK)) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config) { c.Names = []string{"theirs"} })
	l := b.lock(t, "mine")
	b.server.Set("p:theirs", "somebody's")
	b.server.Set("p:unknown", "somebody's")
	b.look(t)
	if err := l.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.look(t)
	b.lock(t, "mine")
	b.look(t)
	want := []string{
		`redilock_lock_held{name="mine",primitive="mutex"} 1`,
		`redilock_lock_held{name="theirs",primitive="mutex"} 1`,
	}
	if d := cmp.Diff(want, b.series(t, "redilock_lock_held{")); d != "" {
		t.Error(d)
	}
	for _, line := range []string{
		`redilock_lock_changes_total{change="acquired",name="mine",primitive="mutex"} 1`,
		`redilock_lock_changes_total{change="released",name="mine",primitive="mutex"} 1`,
		`redilock_lock_lease_left_seconds{name="theirs",primitive="mutex"} +Inf`,
		`redilock_lock_waiting{name="mine",primitive="mutex"} 0`,
		`redilock_exporter_up 1`, `redilock_exporter_locks_known 1`, `redilock_exporter_locks_dropped 0`,
	} {
		if got := b.series(t, line); len(got) != 1 {
			t.Errorf("no %s", line)
		}
	}
	if got := b.series(t, "redilock_lock_held_for_seconds{"); len(got) != 1 {
		t.Errorf("held for: %q", got)
	}
}

// A server that is away is told apart from one without locks, and what was is not shown as what is.
func TestServerAway(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	if !strings.Contains(b.get(t, "/healthz", http.StatusServiceUnavailable), "no answer from here") {
		t.Error("before the first look")
	}
	b.lock(t, "x")
	b.look(t)
	if got := b.get(t, "/healthz", http.StatusOK); got != "ok\n" {
		t.Errorf("%q", got)
	}
	b.server.Close()
	away := errors.New("away")
	err := b.store.look(t.Context(), func(context.Context, []listing.Name) ([]listing.Lock, error) { return nil, away })
	if err == nil || b.store.walk(t.Context(), b.rdb, "") == nil {
		t.Error("no error")
	}
	b.store.mu.Lock()
	b.store.stats.lastLook = time.Now().Add(-time.Minute)
	b.store.mu.Unlock()
	b.get(t, "/healthz", http.StatusServiceUnavailable)
	if up, held := b.series(t, "redilock_exporter_up 0"), b.series(t, "redilock_lock_"); len(up) != 1 || len(held) != 0 {
		t.Errorf("up %q, locks %q", up, held)
	}
	if got := b.series(t, "redilock_exporter_failures_total 2"); len(got) != 1 {
		t.Error("failures are not counted")
	}
	if page := b.get(t, "/", http.StatusOK); !strings.Contains(page, "no answer") {
		t.Error("the page does not say so")
	}
}

// Only names on the list are shown, so many at the most, and those in use rather than those that are free.
func TestBounds(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config) { c.MaxLocks, c.Allow = 3, []string{"a*", "b"} })
	first := b.lock(t, "a0")
	b.look(t)
	if err := first.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.look(t)
	for _, name := range []string{"a1", "a2", "b", "c", "a3"} {
		b.lock(t, name)
	}
	b.look(t)
	if got := b.series(t, "redilock_lock_held{"); len(got) != 3 || strings.Contains(strings.Join(got, ""), `"c"`) {
		t.Errorf("%q", got)
	}
	for _, line := range []string{
		"redilock_exporter_locks_dropped 1", "redilock_exporter_locks_known 6", "redilock_exporter_locks_shown 3",
	} {
		if got := b.series(t, line); len(got) != 1 {
			t.Errorf("no %s", line)
		}
	}
}

// Whatever a name or an owner is, it is text on the page and a label in the metrics.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	names := []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(2)>`, "a\x00\x1b[31m\nb", "\xff\xfe",
		"\u202eback", strings.Repeat("x", 1000),
		"</title><script>", "{{.}}", "javascript:alert(1)",
	}
	evil, err := redilock.New(b.rdb, redilock.WithOwner("<b>owner</b>"), redilock.WithPrefix("p:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = evil.Close() })
	for _, name := range names {
		if _, err := evil.Mutex(name, time.Minute).TryLock(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.server.Set("{"+strings.Repeat("m", 1<<20)+"}:redilock:fence", "1") // no name, and no trouble
	b.look(t)
	pages := []string{b.get(t, "/", http.StatusOK)}
	for _, name := range names {
		id := base64.RawURLEncoding.EncodeToString([]byte(name))
		pages = append(pages, b.get(t, "/lock/"+id, http.StatusOK))
	}
	for _, page := range pages {
		for _, bad := range []string{"<script>", "<img", "<b>", "\x1b", "\x00", "\xff", "\u202e"} {
			if strings.Contains(page, bad) {
				t.Errorf("a page has %q as it is", bad)
			}
		}
	}
	if got := b.series(t, "redilock_lock_held{"); len(got) != len(names) {
		t.Errorf("%d series for %d names: %q", len(got), len(names), got)
	}
	b.get(t, "/lock/nonsense", http.StatusNotFound)
	b.get(t, "/lock/%21%21", http.StatusNotFound)
	b.get(t, "/nonsense", http.StatusNotFound)
	if text := b.get(t, "/static/page.js", http.StatusOK); strings.Contains(text, "innerHTML") {
		t.Error("the script sets HTML")
	}
}

// A stream has everything first, and then what changed.
func TestStream(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	l := b.lock(t, "x")
	b.lock(t, "y")
	b.look(t)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	open := func(path string) func() string {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.http.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = answer.Body.Close() })
		lines := bufio.NewScanner(answer.Body)
		return func() string {
			t.Helper()
			for lines.Scan() {
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
					return data
				}
			}
			t.Fatal("the stream has ended: ", lines.Err())
			return ""
		}
	}
	states := func(data string) string {
		var u update
		if err := json.Unmarshal([]byte(data), &u); err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, r := range u.Rows {
			words = append(words, r.Name+" "+r.State)
		}
		return strings.Join(words, ", ") + fmt.Sprint(" -", len(u.Gone))
	}
	all, one := open("/events"), open("/events?lock="+base64.RawURLEncoding.EncodeToString([]byte("x")))
	if got := states(all()); got != "x held, y held -0" {
		t.Errorf("first: %s", got)
	}
	if got := one(); !strings.Contains(got, `"words":"it was held"`) {
		t.Errorf("first: %s", got)
	}
	if err := l.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.look(t)
	// y may be among them on a slow machine: its lease is renewed.
	if got := states(all()); !strings.HasPrefix(got, "x free") || !strings.HasSuffix(got, " -0") {
		t.Errorf("then: %s", got)
	}
	if got := one(); !strings.Contains(got, `"words":"it was released"`) {
		t.Errorf("then: %s", got)
	}
	b.store.mu.Lock()
	b.store.locks["x"].freeSince = time.Now().Add(-time.Hour)
	b.store.mu.Unlock()
	b.look(t)
	if got := states(all()); strings.Contains(got, "x ") || !strings.HasSuffix(got, " -1") {
		t.Errorf("at last: %s", got)
	}
}
