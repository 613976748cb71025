package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zferentz/go-redilock/luatest/engine"
	"github.com/zferentz/go-redilock/luatest/explore"
	"github.com/zferentz/go-redilock/luatest/resp"
	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/semaphore"
)

// In a scenario a millisecond of the model is so long, and all that ends does so half of that later: so whatever was to
// end before, after or at a moment still does, although a server takes time between two steps, and a busy one seconds.
const (
	scenarioUnit = 4000 // ms
	scenarioHalf = scenarioUnit / 2
)

func scaled(ms int) int {
	if ms <= 0 {
		return ms
	}
	return ms*scenarioUnit + scenarioHalf
}

// object is a JSON object.
type object = map[string]any

// errNoScenario is of ways that no scenario is made of: nobody says what a call must answer about a key of a wrong type,
// where more than one answer is right; and a scenario cannot ask until it is granted.
var errNoScenario = errors.New("model: no scenario is made of keys of a wrong type, and of those that go on asking")

// writer makes the steps of a scenario.
type writer struct {
	config *Config
	steps  []scenario.Step
	deaf   uint
	err    error
}

// Scenario is the way to a violation as a file of one scenario that expects what should have been: correct scripts
// pass it, these fail in its last steps.
func (w world) Scenario(v *explore.Violation) ([]byte, error) {
	out := &writer{config: w.config}
	if w.config.Ahead {
		out.do("the clock is behind the last fence",
			"SET", out.key(roleFence), strconv.FormatInt(counterAhead, 10), "PX", fenceRetain)
	}
	out.add(scenario.Step{Subscribe: out.channels(^uint(0))})
	for i, e := range v.Path {
		t := e.(*step)
		if !t.action.verb.isCall() {
			out.event(t)
			continue
		}
		out.listen(t.check.deaf)
		out.call(t)
		if i == len(v.Path)-1 {
			want := w.config.call(t.action, &t.check.before, t.check.deaf)
			out.inspect(&want.after)
		}
	}
	out.do("and the end of it", "FLUSHDB")
	out.add(scenario.Step{State: &[]scenario.Key{}})
	if out.err != nil {
		return nil, out.err
	}
	return out.file(v)
}

func (w *writer) add(step scenario.Step) { w.steps = append(w.steps, step) }

func (w *writer) json(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		w.err = err
	}
	return text
}

func (w *writer) values(all ...any) []scenario.Value {
	values := make([]scenario.Value, len(all))
	for i, v := range all {
		if err := json.Unmarshal(w.json(v), &values[i]); err != nil {
			w.err = err
		}
	}
	return values
}

func (w *writer) do(why string, words ...any) { w.add(scenario.Step{Why: why, Do: w.values(words...)}) }

func (w *writer) key(role int) any { return object{"key": roleNames[role]} }

func (w *writer) channels(clients uint) []scenario.Value {
	var all []any
	for client := range w.config.Clients {
		if clients&(1<<client) != 0 {
			all = append(all, channelName(client))
		}
	}
	return w.values(all...)
}

// listen ends the subscriptions of those who are gone, and opens those of the others anew.
func (w *writer) listen(deaf uint) {
	if gone := w.channels(deaf &^ w.deaf); len(gone) > 0 {
		w.add(scenario.Step{Why: "its process is gone", Unsubscribe: gone})
	}
	if back := w.channels(w.deaf &^ deaf); len(back) > 0 {
		w.add(scenario.Step{Subscribe: back})
	}
	w.deaf = deaf
}

// event does what is no call.
func (w *writer) event(t *step) {
	a := t.action
	why := w.config.describe(a)
	var after state
	if t.State != nil {
		after = w.config.decode(t.State)
	}
	switch a.verb {
	case verbTick:
		w.add(scenario.Step{AdvanceMS: scenarioUnit - 1}) // and one more, by the format's rule
	case verbDelete, verbBreak:
		w.do(why, "DEL", w.key(a.role))
		if a.verb == verbBreak && after.keys[a.role] == wrong {
			w.do("", "RPUSH", w.key(a.role), "x")
		}
	case verbFlush:
		w.do(why, "FLUSHDB")
	case verbCollect:
		w.add(scenario.Step{Why: why, AdvanceMS: 3 * fenceRetain})
	case verbRemove:
		w.do(why, "ZREM", w.key(roleHolders), w.config.tokenName(a.token))
	case verbSet:
		if after.keys[roleHolders] == wrong {
			w.do(why, "SET", w.key(roleHolders), foreignName, "NX")
		} else {
			w.do(why, "DEL", w.key(roleHolders))
		}
	case verbMemory:
		w.do(why, "CONFIG", "SET", "maxmemory", int(bit(after.memory)))
	case verbLater:
		r := t.check.after.records[a.token]
		w.do(why, "HSET", w.key(roleMembers), w.config.tokenName(a.token), w.config.text(&r, scaled))
	case verbSnapshot:
		w.do(why, "FLUSHDB")
		w.do("", "SET", w.key(roleFence), "1600000000000000", "PX", fenceRetain)
	case verbFill:
		w.do(why, "SET", w.key(roleFence), strconv.Itoa(fenceLimit), "PX", fenceRetain)
	case verbDrain:
		w.err = errNoScenario
	}
}

// call is a call, and what it is to answer.
func (w *writer) call(t *step) {
	a, j := t.action, &t.check
	w.add(scenario.Step{AdvanceMS: 1}) // so that a grant finds numbers that nobody has, as in the model
	s := scenario.Step{Call: scriptNames[a.verb]}
	for _, arg := range w.config.args(a, scaled) {
		s.Args = append(s.Args, w.values(arg)...)
	}
	switch {
	case j.before.wrong():
		w.err = errNoScenario
	case a.verb == verbInspect:
		w.inspect(&j.before)
		return
	case j.out.reply.Code() == "OOM" && a.verb == verbAcquire:
		s.Reply = w.json(object{"code": "OOM"})
	default:
		want := w.config.call(a, &j.before, j.deaf)
		s.Reply = w.json(w.matcher(want.reply, ""))
	}
	w.add(s)
}

// units are what the numbers of a reply are, by its tag: a fence, ms that are left, ms until a lease has ended; or as
// they are; m: at the most.
var units = map[string]string{
	"GRANTED": "-fl-", "EXTENDED": "-fl", "QUEUED": "-w-", "HELD": "-w", "NOTHELD": "-w", "STATUS": "--m---f",
	"granted": "-fl-", "holders": "-f-l", "waiters": "---l",
}

// matcher is what a reply must match.
func (w *writer) matcher(r resp.Reply, as string) any {
	switch r.Kind {
	case resp.KindError:
		return object{"code": r.Code()}
	case resp.KindString:
		return r.Text
	}
	if as == "" {
		as = r.Items[0].Text
	}
	all := []any{}
	for i, item := range r.Items {
		unit := byte('-')
		if i < len(units[as]) {
			unit = units[as][i]
		}
		if as == "NOTHELD" && len(r.Items) > 2 {
			unit = '-' // a release's has no wait
		}
		n := int(item.Integer)
		integer := func(least, most int) any { return object{"integer": object{"min": least, "max": most}} }
		switch {
		case item.Kind == resp.KindArray:
			list := []any{}
			for _, row := range item.Items {
				of := "granted"
				if as == "STATUS" {
					of = []string{"holders", "waiters"}[i-7]
				}
				list = append(list, w.matcher(row, of))
			}
			all = append(all, list)
		case item.Kind == resp.KindString:
			all = append(all, item.Text)
		case unit == 'f' && n > counterAhead:
			all = append(all, integer(n, fenceLimit))
		case unit == 'm': // it is forgotten with the records of the last holder
			all = append(all, integer(0, n))
		case unit == 'f' && n > 0:
			all = append(all, integer(1_600_000_000_000_000, fenceLimit))
		case unit == 'l' && n > 0 && n < presentForever/1000:
			all = append(all, integer(n*scenarioUnit+1, scaled(n)))
		case unit == 'l' && n == 0:
			all = append(all, integer(0, scenarioHalf))
		case unit == 'w' && n > 0:
			all = append(all, integer(max((n-1)*scenarioUnit, 1), scaled(n-1)+scenarioHalf+1))
		default:
			all = append(all, n)
		}
	}
	return all
}

// inspect says what must be held, and who waits.
func (w *writer) inspect(s *state) {
	reply := (&check{config: w.config, before: *s}).status()
	w.add(scenario.Step{Call: scriptNames[verbInspect], Args: []scenario.Value{}, Reply: w.json(w.matcher(reply, ""))})
}

// file is the whole file.
func (w *writer) file(v *explore.Violation) ([]byte, error) {
	lock := w.values("sem")[0]
	promise := v.Fault.Promise
	if !slices.Contains(semaphore.Subject.Promises, promise) {
		promise = "M3"
	}
	s := scenario.Scenario{
		Name: "sem-violation-" + w.config.Name, Title: fmt.Sprintf("%s: %s", w.config.Title, v.Fault),
		Shows: []string{promise}, Lock: &lock, Steps: w.steps,
	}
	if w.config.Memory {
		s.Exclusive = true
		s.Engines, s.Reason = []string{engine.KindLua, engine.KindReal}, "miniredis has no memory limit"
	}
	if slices.ContainsFunc(v.Path, func(e explore.Event) bool { return e.(*step).action.verb == verbCollect }) {
		s.Engines, s.Reason = []string{engine.KindLua}, "hours pass"
	}
	text, err := json.MarshalIndent(object{
		"primitive": semaphore.Subject.Primitive, "version": semaphore.Subject.Version, "scenarios": []scenario.Scenario{s},
	}, "", "  ")
	return []byte(strings.TrimSpace(string(text)) + "\n"), err
}
