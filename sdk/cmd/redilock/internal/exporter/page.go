package exporter

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/state"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
)

//go:embed static
var static embed.FS

//go:embed page.html
var pages embed.FS

// html escapes what it is given: names and owners are anybody's bytes.
var html = template.Must(template.New("").ParseFS(pages, "page.html"))

// row is a lock as the page shows it. Every text in it is safe for a screen, and is escaped besides.
type row struct {
	ID      string `json:"id"` // the name, in base64 for a URL
	Name    string `json:"name"`
	Holder  string `json:"holder"`
	Used    string `json:"used"` // of a semaphore
	Fence   string `json:"fence"`
	State   string `json:"state"`   // held, free, waited or error
	LeftMS  int64  `json:"left_ms"` // of the lease; -1: no expiry, or nobody holds it
	HeldMS  int64  `json:"held_ms"` // -1: nobody knows
	Waiting int64  `json:"waiting"` // at the server
	Endless bool   `json:"endless"` // it has no expiry
	Left    string `json:"-"`       // in words, for a browser without scripts
	Held    string `json:"-"`       // the same
}

func rowOf(l tracked, now time.Time) row {
	r := row{
		ID: base64.RawURLEncoding.EncodeToString([]byte(l.Name)), Name: table.Safe(l.Name), Holder: l.Holder(),
		Used: l.Used(), Fence: l.Number(), State: "free", LeftMS: -1, HeldMS: -1, Waiting: l.Queued,
	}
	age := now.Sub(l.Sent)
	switch {
	case l.Err != nil:
		r.State = "error"
	case l.Held:
		r.State = "held"
		r.Endless = l.Remaining < 0
		if !r.Endless {
			r.LeftMS = max(l.Remaining-age, 0).Milliseconds()
			r.Left = short(max(l.Remaining-age, 0))
		}
		if l.HeldFor > 0 {
			r.HeldMS = (l.HeldFor + age).Milliseconds()
			r.Held = short(l.HeldFor + age)
		}
	case l.Queued > 0:
		r.State = "waited"
	}
	return r
}

// short shows a duration with no more digits than anybody reads, as the page's script does.
func short(d time.Duration) string {
	if d < time.Minute {
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return d.Round(time.Second).String()
}

// place is a waiter, or one of several holders, as the page of a lock shows it.
type place struct {
	Owner string `json:"owner"`
	Terms string `json:"terms"`
}

// entry is a line of a lock's timeline.
type entry struct {
	At    string `json:"at"`
	Kind  string `json:"kind"`
	Words string `json:"words"`
}

// detail is a lock's page.
type detail struct {
	row
	Holders  []place `json:"holders"` // of a semaphore
	Hidden   int64   `json:"hidden"`  // holders that are not in Holders
	Queue    []place `json:"queue"`
	Timeline []entry `json:"timeline"`
	More     int64   `json:"more"` // waiters that are not in Queue
	Error    string  `json:"error"`
	Since    string  `json:"since"` // about when the holder got it
}

// page is what the templates are given.
type page struct {
	Where  string
	Fresh  bool
	Lock   *detail
	Rows   []row
	Shown  int
	Known  int
	Left   int // locks that there was no room for
	Looked string
}

// maxPlaces is how many holders, and waiters, the page of a lock lists.
const maxPlaces = 100

func (e *Exporter) detailOf(l tracked, now time.Time) *detail {
	d := &detail{row: rowOf(l, now), Holders: []place{}, Queue: []place{}, Timeline: []entry{}}
	for i, w := range l.Waiters[:min(len(l.Waiters), maxPlaces)] {
		terms := "presence " + short(w.Presence)
		if l.Semaphore != nil {
			terms = state.Weight(l.Primitive, l.Semaphore.Waiters[i].Weight) + ", " + terms
		}
		d.Queue = append(d.Queue, place{ownerOf(w.Owner), terms})
	}
	d.More = l.Queued - int64(len(d.Queue))
	if s := l.Semaphore; s != nil {
		for _, h := range s.Holders[:min(len(s.Holders), maxPlaces)] {
			d.Holders = append(d.Holders, place{ownerOf(h.Owner), fmt.Sprintf("%s, fence %d, lease left %s when looked at",
				state.Weight(l.Primitive, h.Weight), h.Fence, short(h.Remaining))})
		}
		d.Hidden = s.Held - int64(len(d.Holders))
	}
	for _, c := range l.timeline {
		at := c.At.UTC().Format("2006-01-02 15:04:05.000")
		d.Timeline = append(d.Timeline, entry{at, string(c.Kind), e.config.Words(c.Event)})
	}
	if l.Err != nil {
		d.Error = table.Safe(e.config.Explain(l.Err))
	}
	if l.Held && l.HeldFor > 0 {
		d.Since = l.Sent.Add(-l.HeldFor).UTC().Format("2006-01-02 15:04:05 UTC")
	}
	return d
}

func ownerOf(owner string) string {
	if owner == "" {
		return "(another program)"
	}
	return table.Safe(owner)
}

func (e *Exporter) page() page {
	locks, s := e.store.all()
	p := page{Where: e.config.Where, Fresh: e.fresh(s), Known: s.known, Left: s.dropped, Shown: len(locks)}
	if !s.lastLook.IsZero() {
		p.Looked = s.lastLook.UTC().Format("15:04:05 UTC")
	}
	now := time.Now()
	for _, l := range locks {
		p.Rows = append(p.Rows, rowOf(l, now))
	}
	return p
}

// table shows all locks.
func (e *Exporter) table(w http.ResponseWriter, _ *http.Request) {
	e.render(w, http.StatusOK, "table", e.page())
}

// lock shows one.
func (e *Exporter) lock(w http.ResponseWriter, r *http.Request) {
	name, err := base64.RawURLEncoding.DecodeString(r.PathValue("id"))
	l, ok := e.store.one(string(name))
	p := e.page()
	p.Rows = nil
	if err != nil || !ok {
		e.render(w, http.StatusNotFound, "unknown", p)
		return
	}
	p.Lock = e.detailOf(l, time.Now())
	e.render(w, http.StatusOK, "lock", p)
}

func (e *Exporter) render(w http.ResponseWriter, status int, name string, p page) {
	var text bytes.Buffer
	if err := html.ExecuteTemplate(&text, name, p); err != nil {
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		e.config.Log.Error("the page cannot be made: " + err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes())
}

// protect lets a page load what comes from here, and nothing else: whatever a name holds, no browser runs it.
func protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
