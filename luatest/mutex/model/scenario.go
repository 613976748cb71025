package model

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/scenario"
)

// In a scenario a millisecond of the model is so long, and all that ends does so half of that later: so whatever was to
// end before, after or at a moment still does, although a server takes time between two steps, and a busy one seconds.
const (
	scenarioUnit = 4000 // ms
	scenarioHalf = scenarioUnit / 2

	scenarioSteps = 30 // steps of a way at the most
)

func scaled(ms int) int {
	if ms <= 0 {
		return ms
	}
	return ms*scenarioUnit + scenarioHalf
}

// object is a JSON object.
type object = map[string]any

// between is an integer that is so many ms of the model, or less by what a server took.
func between(ms int) any {
	switch {
	case ms < 0:
		return ms
	case ms == 0:
		return object{"integer": object{"min": 0, "max": scenarioHalf}}
	}
	return object{"integer": object{"min": ms*scenarioUnit + 1, "max": scaled(ms)}}
}

// writer makes the steps of a scenario.
type writer struct {
	config *Config
	steps  []scenario.Step
	fences []string // per lock: the variable that has the last fence; empty: none is known
	bound  int
	deaf   uint
	err    error
}

// scenario is the way to the violation as a file of one scenario that expects what should have been: correct scripts
// pass it, these fail in its last steps.
func (v *violation) scenario() ([]byte, error) {
	c := v.config
	w := &writer{config: c, fences: make([]string, c.Locks)}
	w.begin()
	for i := range v.path {
		t := v.path[i]
		last := i == len(v.path)-1
		if !t.action.verb.isCall() {
			w.event(t)
			continue
		}
		if last {
			// What should have been renewed and was not shows once a little of it is gone.
			w.add(scenario.Step{Why: "where it went wrong: " + v.Fault.Error(), AdvanceMS: scenarioUnit / 4})
		}
		w.listen(t.deaf)
		want := t.check.wanted()
		w.call(t, &want)
		if last {
			w.end(t, &want)
		}
	}
	if !v.path[len(v.path)-1].action.verb.isCall() {
		w.add(scenario.Step{State: &[]scenario.Key{}}) // a key that should have ended has not
	}
	if w.err != nil {
		return nil, w.err
	}
	return w.file(v)
}

func (w *writer) begin() {
	if w.config.Ahead {
		for lock := range w.config.Locks {
			w.do("", "SET", w.key(lock, roleFence), strconv.FormatInt(counterAhead, 10), "PX", w.config.fenceKept())
			w.bindFence(lock, "the clock is behind the last fence")
		}
	}
	w.add(scenario.Step{Subscribe: w.channels(^uint(0))})
}

func (w *writer) channels(clients uint) []scenario.Value {
	var all []scenario.Value
	for client := range w.config.Clients {
		if clients&(1<<client) != 0 {
			all = append(all, w.value(channelName(client)))
		}
	}
	return all
}

func (w *writer) add(step scenario.Step) { w.steps = append(w.steps, step) }

func (w *writer) json(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		w.err = err
	}
	return text
}

func (w *writer) value(v any) scenario.Value {
	var value scenario.Value
	if err := json.Unmarshal(w.json(v), &value); err != nil {
		w.err = err
	}
	return value
}

func (w *writer) values(all ...any) []scenario.Value {
	values := make([]scenario.Value, len(all))
	for i, v := range all {
		values[i] = w.value(v)
	}
	return values
}

func (w *writer) do(why string, words ...any) {
	w.add(scenario.Step{Why: why, Do: w.values(words...)})
}

// key is a key of a lock, as a value.
func (w *writer) key(lock, role int) any {
	if lock == 0 {
		return object{"key": roleNames[role]}
	}
	return keysOf(lock)[role]
}

// event does what is no call.
func (w *writer) event(t *step) {
	a := t.action
	why, key := w.config.describe(a), w.key(a.lock, roleLock)
	switch a.verb {
	case verbTick:
		w.add(scenario.Step{AdvanceMS: scenarioUnit - 1}) // and one more, by the format's rule
	case verbForeignSet:
		w.do(why, "SET", key, foreignName, "NX", "PX", scaled(foreignMS))
	case verbForeignKeep:
		w.do(why, "SET", key, foreignName, "NX")
	case verbForeignDelete:
		w.do(why, "DEL", key)
	case verbPersist:
		w.do(why, "PERSIST", key)
	case verbDelete, verbBreak:
		w.do(why, "DEL", w.key(a.lock, a.role))
		if a.verb == verbBreak && !t.mended {
			w.do("", "RPUSH", w.key(a.lock, a.role), "x")
		}
		if a.role == roleFence {
			w.fences[a.lock] = ""
		}
	case verbFlush:
		w.do(why, "FLUSHDB")
		clear(w.fences)
	case verbCollect:
		w.add(scenario.Step{Why: why, AdvanceMS: 2 * fenceRetain})
		clear(w.fences)
	case verbLater:
		w.do(why, "HSET", w.key(a.lock, roleWaiters), w.config.tokenName(a.token), w.config.laterRecord(a, scaled))
	case verbRestore, verbFill:
		to := strconv.Itoa(restoredCounter)
		if a.verb == verbRestore {
			w.do(why, "FLUSHDB")
		} else {
			to = strconv.Itoa(fenceLimit)
		}
		w.do(why, "SET", w.key(a.lock, roleFence), to, "PX", fenceRetain)
		w.fences[a.lock] = ""
		w.bindFence(a.lock, "where the counter is")
	case verbMemory:
		limit := 0
		if t.full {
			limit = 1
		}
		w.do(why, "CONFIG", "SET", "maxmemory", limit)
	}
}

// restoredCounter is a fence of long ago, on any server's clock.
const restoredCounter = 1_600_000_000_000_000

// listen ends the subscriptions of those who are gone, and opens those of the others anew.
func (w *writer) listen(deaf uint) {
	if gone := w.channels(deaf &^ w.deaf); gone != nil {
		w.add(scenario.Step{Why: "its process is gone", Unsubscribe: gone})
	}
	if back := w.channels(w.deaf &^ deaf); back != nil {
		w.add(scenario.Step{Subscribe: back})
	}
	w.deaf = deaf
}

// newFence binds the fence of a new grant to a variable; it is above the last one, if that is known.
func (w *writer) newFence(lock int) any {
	limits := object{"min": restoredCounter}
	if w.fences[lock] != "" {
		limits["min"] = restoredCounter + usualGap // far above what a snapshot has
		limits["above"] = w.fences[lock]
	}
	w.bound++
	w.fences[lock] = "f" + strconv.Itoa(w.bound)
	limits["bind"] = w.fences[lock]
	return object{"integer": limits}
}

// bindFence reads the counter, by a command that answers an integer and changes nothing.
func (w *writer) bindFence(lock int, why string) {
	w.add(scenario.Step{
		Why: why, Do: w.values("INCRBY", w.key(lock, roleFence), 0), Reply: w.json(w.newFence(lock)),
	})
}

// call makes a call, and says what it must answer and send.
func (w *writer) call(t *step, want *expected) {
	a, j := t.action, &t.check
	if w.config.Fences {
		w.add(scenario.Step{AdvanceMS: 1}) // time for more numbers than anybody wants
	}
	s := scenario.Step{Call: scriptNames[a.verb], Args: w.args(a)}
	var told bool
	s.Reply, told = w.reply(j, want)
	w.send(a.lock, s)
	if j.wrong {
		w.fences[a.lock] = ""
	}
	granted := len(want.sent) > 0 || want.after.holder >= 0 && want.after.holder != j.before.holder
	if granted && !told && !j.wrong {
		w.bindFence(a.lock, "the fence of the grant")
	}
	for _, m := range want.sent {
		if m.received {
			words := []any{w.config.tokenName(m.token), " ", object{"var": w.fences[a.lock]}, " ", scaled(m.lease), " ",
				m.owned}
			w.messages(m.client, object{"join": words})
		}
	}
}

// send adds a call with the keys of its lock.
func (w *writer) send(lock int, s scenario.Step) {
	if lock > 0 {
		var keys []any
		for role := range roles {
			keys = append(keys, w.key(lock, role))
		}
		all := w.values(keys...)
		s.Keys = &all
	}
	w.add(s)
}

func (w *writer) messages(client int, payloads ...any) {
	m := &scenario.Messages{Channel: w.value(channelName(client)), Payloads: []json.RawMessage{}}
	for _, p := range payloads {
		m.Payloads = append(m.Payloads, w.json(p))
	}
	w.add(scenario.Step{Messages: m})
}

func (w *writer) args(a *action) []scenario.Value {
	var words []any
	for _, arg := range w.config.args(a, scaled) {
		words = append(words, arg)
	}
	return w.values(words...)
}

// reply is what a call must answer, and whether that has the fence of a new grant.
func (w *writer) reply(j *check, want *expected) (json.RawMessage, bool) {
	lock, out := j.action.lock, j.out.reply
	switch {
	case want.answer.code != "":
		return w.json(object{"code": want.answer.code}), false
	case want.answer.tag == "" && out.Kind == resp.KindError: // the reference does not say: an error of a code, then
		return w.json(wantedError(j)), false
	case want.answer.tag == "":
		return w.json(object{"any": true}), false
	}
	items, told := []any{want.answer.tag}, false
	if want.answer.token != none {
		items = append(items, w.config.tokenName(want.answer.token))
	}
	switch {
	case want.answer.fence == fenceSame && w.fences[lock] != "":
		items = append(items, object{"var": w.fences[lock]})
	case want.answer.fence != fenceNone:
		items, told = append(items, w.newFence(lock)), true
	}
	for i, n := range want.answer.numbers {
		position := want.answer.tag == "RELEASED" || want.answer.tag == "LEFT" || want.answer.tag == "QUEUED" && i == 1
		if position {
			items = append(items, n)
		} else {
			items = append(items, between(n))
		}
	}
	if owned := want.answer.owned; owned > 0 {
		items = append(items, owned)
	}
	return w.json(items), told
}

// file is the whole file, a step on a line.
func (w *writer) file(v *violation) ([]byte, error) {
	c := w.config
	s := scenario.Scenario{
		Name: "violation-" + c.Name, Title: fmt.Sprintf("%s: %s", c.Title, v.Fault), Shows: []string{v.promise()},
	}
	lock := w.value(lockName(0))
	s.Lock = &lock
	if c.Memory {
		s.Exclusive = true
		s.Engines, s.Reason = []string{engine.KindLua, engine.KindReal}, "miniredis has no memory limit"
	}
	if slices.ContainsFunc(v.path, func(t *step) bool { return t.action.verb == verbCollect }) {
		s.Engines, s.Reason = []string{engine.KindLua}, "hours pass"
	}
	head, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("{\n  \"primitive\": \"mutex\",\n  \"version\": 1,\n  \"scenarios\": [\n    ")
	b.WriteString(strings.TrimSuffix(string(head), "null}"))
	b.WriteString("[")
	for i, step := range w.steps {
		text, err := json.Marshal(step)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString("\n      ")
		b.Write(text)
	}
	b.WriteString("\n    ]}\n  ]\n}\n")
	return []byte(b.String()), w.err
}

// promise is the promise that a scenario names: that which was broken, or the nearest one.
func (v *violation) promise() string {
	switch p := v.Fault.Promise; p {
	case "reply":
		return "M3"
	case "state":
		return "M10"
	case "messages":
		return "M5"
	default:
		return p
	}
}
