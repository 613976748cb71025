package observe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/zferentz/go-redilock/sdk/redilock"
	"github.com/zferentz/go-redilock/sdk/redilockotel"
)

const monitoring = "../../sdk/cmd/redilock/monitoring"

// The rules are what promtool takes, and their own tests pass.
func TestRules(t *testing.T) {
	t.Parallel()
	promtool := need(t, "promtool")
	for _, args := range [][]string{{"check", "rules", "alerts.yml"}, {"test", "rules", "alerts_test.yml"}} {
		cmd := exec.CommandContext(t.Context(), promtool, args...)
		cmd.Dir = monitoring
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// program is one that locks and exports what redilockotel measures.
type program struct {
	*redilock.Client
	url string
}

func newProgram(t *testing.T, w *world) *program {
	t.Helper()
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	if err != nil {
		t.Fatal(err)
	}
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter))
	made, err := redilockotel.NewTrace(
		redilockotel.WithMeterProvider(meters), redilockotel.WithTracerProvider(noop.NewTracerProvider()))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(s.Close)
	return &program{w.client(t, "program", redilock.WithTrace(made)), s.URL}
}

// work lets so many workers use one lock until the function is called that it gives.
func (p *program) work(t *testing.T, workers int, section time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				_ = p.Do(ctx, "healthy", time.Minute, func(context.Context, *redilock.Lock) error {
					time.Sleep(section)
					return nil
				})
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// prom is a real Prometheus.
type prom struct{ base string }

// quicker makes the alerts' minutes seconds, and their bounds what a test can reach.
var quicker = strings.NewReplacer(
	"[5m]))) > 5", "[8s]))) > 0.5", "[5m]", "[8s]", "offset 5m", "offset 8s",
	"for: 10m", "for: 0s", "for: 5m", "for: 0s", "for: 1m", "for: 0s",
	"redilock_lock_held_for_seconds > 3600", `redilock_lock_held_for_seconds{name!="leader"} > 10`,
)

func newProm(t *testing.T, targets ...string) *prom {
	t.Helper()
	path := need(t, "prometheus")
	dir := t.TempDir()
	rules, err := os.ReadFile(filepath.Join(monitoring, "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	quick := quicker.Replace(string(rules))
	config := "global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}\n" +
		"rule_files: [rules.yml]\nscrape_configs:\n"
	for i, target := range targets {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		config += fmt.Sprintf("- {job_name: job%d, metrics_path: %q, static_configs: [{targets: [%q]}]}\n",
			i, u.Path, u.Host)
	}
	err = errors.Join(os.WriteFile(filepath.Join(dir, "rules.yml"), []byte(quick), 0o600),
		os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	start(t, exec.Command(path, "--config.file="+filepath.Join(dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn"))
	p := &prom{"http://" + address}
	eventually(t, "Prometheus is ready", func() bool { return status(p.base+"/-/ready") == http.StatusOK })
	return p
}

// query gives how many series a query has, by Prometheus' own parser.
func (p *prom) query(t *testing.T, expr string) int {
	t.Helper()
	code, text := fetch(p.base + "/api/v1/query?query=" + url.QueryEscape(expr))
	var answer struct {
		Data  struct{ Result []any }
		Error string
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || code != http.StatusOK {
		t.Fatalf("%s: %d %s", expr, code, text)
	}
	return len(answer.Data.Result)
}

// firing gives the names of the alerts that fire.
func (p *prom) firing(t *testing.T) []string {
	t.Helper()
	_, text := fetch(p.base + "/api/v1/alerts")
	var answer struct {
		Data struct {
			Alerts []struct {
				State  string
				Labels map[string]string
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range answer.Data.Alerts {
		if a.State == "firing" {
			names = append(names, a.Labels["alertname"])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// expressions are the queries of the dashboard's panels, as Grafana would send them.
func expressions(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(monitoring, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title, Type string
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]string)
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			all[p.Title] = append(all[p.Title], strings.ReplaceAll(target.Expr, "$__rate_interval", "20s"))
		}
		if p.Type != "row" && len(all[p.Title]) == 0 {
			t.Errorf("the panel %q has no query", p.Title)
		}
	}
	return all
}

// everybody starts what runs on a server beside the program's own work: the demo, a semaphore, an election, and
// python-redilock.
func everybody(t *testing.T, w *world, app *program) {
	t.Helper()
	executable, err := command()
	if err != nil {
		t.Fatal(err)
	}
	url := "redis://" + w.server.Addr()
	start(t, exec.Command(executable, "--redis", url, "demo", "--workers=4", "--rounds=100000", "--hold=50ms"))
	permits(t, app.Client, "slots", 2)
	leader, err := app.Election("leader", 3*time.Second).Campaign(t.Context(), "me:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { runtime.KeepAlive(leader) }) // one that nobody can reach is not renewed
	host, port, err := net.SplitHostPort(w.server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	start(t, exec.Command(pythonRedilock(t), "-c", theirs, host, port))
	eventually(t, "all of them are seen", func() bool {
		return w.exposes(`redilock_lock_held{name="theirs"`) && w.exposes(`redilock_lock_used{name="slots"`) &&
			w.exposes(`redilock_lock_held{name="leader"`) && w.exposes(`redilock_lock_waiting{name="redilock-demo-`)
	})
}

// theirs holds a lock by python-redilock for as long as it runs.
const theirs = `
import sys, time
from redilock.sync_redilock import DistributedLock
locks = DistributedLock(redis_host=sys.argv[1], redis_port=int(sys.argv[2]), ttl=3600)
token = locks.lock("theirs")
while True:
    time.sleep(1)
`

// pythonRedilock is a Python that has python-redilock, in a folder of the user's cache.
func pythonRedilock(t *testing.T) (python string) {
	t.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "redilock-observe")
	python = filepath.Join(dir, "bin", "python")
	imports := func() error {
		return exec.CommandContext(t.Context(), python, "-c", "import redilock.sync_redilock").Run()
	}
	if imports() == nil {
		return python
	}
	for _, args := range [][]string{
		{need(t, "python3"), "-m", "venv", dir},
		{python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "python-redilock", "redis"},
	} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	if err := imports(); err != nil {
		t.Fatal("python-redilock is installed but cannot be imported: ", err)
	}
	return python
}

// A real Prometheus scrapes an exporter and a program. Nothing is wrong for ten evaluations; then everything goes wrong that
// an alert is for, each of them fires, and every panel of the dashboard has data.
func TestPrometheus(t *testing.T) {
	if !*long {
		t.Skip("NOT PROVEN HERE: a real Prometheus, see mage observe")
	}
	t.Parallel()
	w := newWorld(t, "--interval", "200ms", "--name", "theirs", "--max-locks", "7")
	app := newProgram(t, w)
	p := newProm(t, w.base+"/metrics", app.url+"/metrics")
	everybody(t, w, app)
	calm := app.work(t, 4, 5*time.Millisecond)
	eventually(t, "both are scraped", func() bool {
		return p.query(t, `redilock_lock_held == 1 and on() redilock_held`) > 0
	})
	for range 10 {
		time.Sleep(500 * time.Millisecond)
		if got := p.firing(t); len(got) > 0 {
			t.Fatalf("nothing is wrong, and there fire %q", got)
		}
	}
	calm()
	few := app.work(t, 2, 200*time.Millisecond)
	// Lost, and expired: a holder that does not come back. Slow: a wait for it. Dropped: more locks than there is room for.
	for i := range 8 {
		lock(t, app.Client, fmt.Sprintf("dies:%d", i), 2*time.Second)
	}
	lock(t, app.Client, "long", time.Hour)
	want := []string{
		"RedilockExtendFailing", "RedilockHeldLong", "RedilockLockExpired", "RedilockLockLost", "RedilockLocksDropped",
		"RedilockServerAway", "RedilockWaitSlow",
	}
	fired := map[string]bool{}
	fires := func(what string, names ...string) {
		t.Helper()
		eventually(t, what, func() bool {
			for _, name := range p.firing(t) {
				fired[name] = true
			}
			return !slices.ContainsFunc(names, func(n string) bool { return !fired[n] })
		})
		t.Logf("%s: %v", what, slices.Sorted(maps.Keys(fired)))
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for range 4 {
		go func() {
			for ctx.Err() == nil {
				_, _ = app.Mutex("long", time.Minute, redilock.WithWait(time.Second)).Lock(ctx)
			}
		}()
	}
	fires("lost, expired, dropped, slow, long", "RedilockLockExpired", "RedilockLockLost", "RedilockLocksDropped",
		"RedilockWaitSlow", "RedilockHeldLong")
	renewed, err := app.Mutex("renewed", 3*time.Second, redilock.WithAutoExtend()).TryLock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.KeepAlive(renewed) // one that nobody can reach is not renewed
	const failures = "Renewals that failed"
	panels := expressions(t)
	has := func(only func(title string) bool) {
		t.Helper()
		for title, queries := range panels {
			for _, q := range queries {
				if only(title) {
					eventually(t, title+": "+q+" has data", func() bool { return p.query(t, q) > 0 })
				}
			}
		}
	}
	has(func(title string) bool { return title != failures })
	stop() // those who would wait for the server
	few()
	// A server that refuses every call: renewals fail, and the exporter gets no answer.
	w.rdb.ConfigSet(t.Context(), "requirepass", "other")
	w.rdb.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
	fires("renewals fail", "RedilockExtendFailing")
	has(func(title string) bool { return title == failures })
	fires("the server is away", "RedilockServerAway")
	for _, name := range want {
		if !fired[name] {
			t.Errorf("%s did not fire", name)
		}
	}
}
