package explore

import "fmt"

// World is what is explored: a primitive, who uses it, and what may happen.
type World interface {
	// Name is short, and unique among the worlds of a run.
	Name() string
	// Worker makes a worker of its own for a goroutine.
	Worker() Worker
	// Scenario writes the way to a fault as a file of scenarios, which expects what should have been.
	Scenario(v *Violation) ([]byte, error)
}

// Worker does the actions of a world, from any state. It is not for concurrent use.
type Worker interface {
	// First is the state that everything starts with: by the clients' own names, and as its canonical form. States that
	// differ in what clients are called alone have one canonical form.
	First() (plain, canonical []byte, err error)
	// Explore does every action from a state, and shows each step, until visit returns false. What a step has is good until
	// visit returns, unless it has a fault.
	Explore(state []byte, visit func(*Step) bool)
	// Plain is the state to which the last step led, by the names that the clients had in the state before.
	Plain() []byte
	// Close frees what it has.
	Close()
}

// Step is one transition.
type Step struct {
	State []byte // to which it led, in its canonical form; nil if there is a fault
	Fault *Fault // nil: none
	Calls int    // commands that its script sent
	Event Event
}

// Event is what was done in a step, and what came of it.
type Event interface {
	// String tells it on one line.
	String() string
	// Like says whether another event is of the same kind of action.
	Like(Event) bool
	// Kept is a copy that stays as it is while the worker goes on.
	Kept() Event
}

// Fault is what a step did wrong.
type Fault struct {
	Promise string // that was broken, such as M1; or what the reference says that it should have answered or left
	Text    string
}

func (f *Fault) Error() string { return f.Promise + ": " + f.Text }

// Faultf makes a fault.
func Faultf(promise, format string, args ...any) *Fault {
	return &Fault{promise, fmt.Sprintf(format, args...)}
}
