package exporter

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

const (
	// keepAlive is how often a stream says that it is alive while nothing happens.
	keepAlive = 10 * time.Second
	// slowReader is how long a browser may take to read an event.
	slowReader = 10 * time.Second
	// drift is how much a lease may end later or sooner than the browser counts before it is told.
	drift = 300 * time.Millisecond
)

// update is an event of the table's stream.
type update struct {
	Rows  []row    `json:"rows"` // new ones, and those that changed
	Gone  []string `json:"gone"`
	Fresh bool     `json:"fresh"`
	Known int      `json:"known"`
	Left  int      `json:"left"`
	Shown int      `json:"shown"`
}

// sent is what a browser knows of a row, and when its lease ends there.
type sent struct {
	row
	ends time.Time
}

// events is a stream: of all locks, or with ?lock= of one.
func (e *Exporter) events(w http.ResponseWriter, r *http.Request) {
	wake, unsubscribe := e.store.subscribe()
	defer unsubscribe()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(w)
	next := e.tableStream()
	if id := r.URL.Query().Get("lock"); id != "" {
		next = e.lockStream(id)
	}
	tick := time.NewTicker(keepAlive)
	defer tick.Stop()
	for {
		text := []byte(": alive\n\n")
		if value := next(); value != nil {
			data, err := json.Marshal(value)
			if err != nil {
				return
			}
			text = append(append([]byte("data: "), data...), "\n\n"...)
		}
		_ = control.SetWriteDeadline(time.Now().Add(slowReader))
		if _, err := w.Write(text); err != nil {
			return
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-wake:
		case <-tick.C:
		case <-r.Context().Done():
			return
		case <-e.life.Done():
			return
		}
	}
}

// tableStream gives what changed since the last call; nil if nothing did.
func (e *Exporter) tableStream() func() any {
	known := make(map[string]sent)
	first := true
	var before update
	return func() any {
		p := e.page()
		now := time.Now()
		u := update{Rows: []row{}, Gone: []string{}, Fresh: p.Fresh, Known: p.Known, Left: p.Left, Shown: p.Shown}
		seen := make(map[string]bool, len(p.Rows))
		for _, one := range p.Rows {
			seen[one.ID] = true
			ends := now.Add(time.Duration(one.LeftMS) * time.Millisecond)
			if was, ok := known[one.ID]; !ok || differs(was, one, ends) {
				u.Rows = append(u.Rows, one)
				known[one.ID] = sent{one, ends}
			}
		}
		for id := range known {
			if !seen[id] {
				u.Gone = append(u.Gone, id)
				delete(known, id)
			}
		}
		same := len(u.Rows) == 0 && len(u.Gone) == 0 && u.Fresh == before.Fresh && u.Known == before.Known &&
			u.Left == before.Left && u.Shown == before.Shown
		if same && !first {
			return nil
		}
		first, before = false, u
		return u
	}
}

func differs(was sent, is row, ends time.Time) bool {
	if was.State != is.State || was.Holder != is.Holder || was.Used != is.Used || was.Fence != is.Fence ||
		was.Waiting != is.Waiting || was.Endless != is.Endless {
		return true
	}
	return is.LeftMS >= 0 && ends.Sub(was.ends).Abs() > drift
}

// lockStream gives the state of a lock.
func (e *Exporter) lockStream(id string) func() any {
	name, err := base64.RawURLEncoding.DecodeString(id)
	return func() any {
		if err != nil {
			return nil
		}
		l, ok := e.store.one(string(name))
		if !ok {
			return nil
		}
		return e.detailOf(l, time.Now())
	}
}
