// Package exporter shows the locks of a server to Prometheus and to browsers. It knows them from the server, so it sees
// those of every language.
package exporter

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/listing"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/watch"
	"github.com/zferentz/go-redilock/sdk/redilock"
)

// Config says what to show, and where.
type Config struct {
	Redis    redis.UniversalClient
	Client   *redilock.Client
	Prefix   string
	Where    string        // the server's address, to be shown
	Interval time.Duration // how often to look
	Allow    []string      // patterns of names that are shown
	Names    []string      // locks that are always looked at: those that only other libraries take
	MaxLocks int           // how many are shown at the most
	WebFile  string        // exporter-toolkit's configuration of TLS and passwords; "": none
	Log      *slog.Logger
	Explain  func(error) string
	Words    func(watch.Event) string // what happened, for people
}

// Exporter looks at the locks of a server in the background, and serves what it saw.
type Exporter struct {
	config Config
	store  *store
	life   context.Context
	end    context.CancelFunc
}

// New makes an exporter. Nothing is sent until Run.
func New(c Config) *Exporter {
	e := &Exporter{config: c, store: newStore(c)}
	e.life, e.end = context.WithCancel(context.Background())
	return e
}

// Handler serves /metrics, /healthz, and the pages.
func (e *Exporter) Handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		&collector{e}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(e.config.Log.Handler(), slog.LevelWarn), MaxRequestsInFlight: 8,
	}))
	mux.HandleFunc("GET /healthz", e.health)
	mux.HandleFunc("GET /{$}", e.table)
	mux.HandleFunc("GET /lock/{id}", e.lock)
	mux.HandleFunc("GET /events", e.events)
	mux.Handle("GET /static/", http.FileServerFS(static))
	return protect(mux)
}

// Run looks and serves until ctx ends. The error is the server's.
func (e *Exporter) Run(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var workers sync.WaitGroup
	defer workers.Wait()
	defer stop()
	workers.Go(func() { e.walking(ctx) })
	workers.Go(func() { e.looking(ctx) })
	server := &http.Server{Handler: e.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	done := make(chan struct{})
	defer func() { <-done }()
	defer stop()
	go func() {
		defer close(done)
		<-ctx.Done()
		e.end() // streams would never end by themselves
		last, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if server.Shutdown(last) != nil {
			_ = server.Close()
		}
	}()
	none, empty := false, []string{}
	err := web.Serve(l, server, &web.FlagConfig{
		WebListenAddresses: &empty, WebSystemdSocket: &none, WebConfigFile: &e.config.WebFile,
	}, e.config.Log)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// walkShare is how much of the time at the most is spent walking: one part of so many.
const walkShare = 2

// walking looks for locks again and again.
func (e *Exporter) walking(ctx context.Context) {
	for {
		began := time.Now()
		err := e.store.walk(ctx, e.config.Redis, e.config.Prefix)
		e.report(ctx, err)
		if rest(ctx, max(e.config.Interval, (walkShare-1)*time.Since(began))) != nil {
			return
		}
	}
}

// looking asks for the state of the locks that are known, again and again.
func (e *Exporter) looking(ctx context.Context) {
	for {
		began := time.Now()
		err := e.store.look(ctx, func(ctx context.Context, names []listing.Name) ([]listing.Lock, error) {
			if len(names) == 0 { // then nothing else finds out whether the server answers
				return nil, e.config.Redis.Ping(ctx).Err()
			}
			return listing.Inspect(ctx, e.config.Client, names, true)
		})
		e.report(ctx, err)
		if rest(ctx, max(e.config.Interval/2, e.config.Interval-time.Since(began))) != nil {
			return
		}
	}
}

func (e *Exporter) report(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		e.config.Log.Info("the server did not answer, trying again: " + e.config.Explain(err))
	}
}

// stale is after how many intervals without an answer, and no time less than minStale, what was seen is not shown any more.
const (
	stale    = 10
	minStale = 10 * time.Second
)

// fresh reports whether what was seen last is of now.
func (e *Exporter) fresh(s stats) bool {
	return !s.lastLook.IsZero() && time.Since(s.lastLook) < max(minStale, stale*e.config.Interval)
}

// health says whether the server answers.
func (e *Exporter) health(w http.ResponseWriter, _ *http.Request) {
	_, s := e.store.all()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !e.fresh(s) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("no answer from " + e.config.Where + "\n"))
		return
	}
	_, _ = w.Write([]byte("ok\n"))
}
