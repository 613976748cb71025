package linear

import (
	"fmt"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/zferentz/go-redilock/luatest/history"
)

// TestModel checks histories by hand: what a lock may do, and what it may not.
func TestModel(t *testing.T) {
	t.Parallel()
	op := func(kind Kind, holder, call, end int64) porcupine.Operation {
		return porcupine.Operation{Input: Event{kind, holder}, Call: call, Return: end}
	}
	for _, test := range []struct {
		name string
		want porcupine.CheckResult
		ops  []porcupine.Operation
	}{
		{"in turn", porcupine.Ok, []porcupine.Operation{
			op(Granted, 1, 0, 1), op(Extended, 1, 2, 3), op(Unlocked, 1, 4, 5), op(Granted, 2, 6, 7), op(Unlocked, 2, 8, 9),
		}},
		{"two holders", porcupine.Illegal, []porcupine.Operation{op(Granted, 1, 0, 1), op(Granted, 2, 2, 3)}},
		{"handed over while the unlock is under way", porcupine.Ok, []porcupine.Operation{
			op(Granted, 1, 0, 1), op(Unlocked, 1, 2, 9), op(Granted, 2, 3, 4), op(Unlocked, 2, 5, 6),
		}},
		{"unlocked only later", porcupine.Illegal, []porcupine.Operation{
			op(Granted, 1, 0, 1), op(Granted, 2, 2, 3), op(Unlocked, 1, 4, 5),
		}},
		{"fences go back", porcupine.Illegal, []porcupine.Operation{
			op(Granted, 2, 0, 1), op(Unlocked, 2, 2, 3), op(Granted, 1, 4, 5),
		}},
		{"a fence repeats", porcupine.Illegal, []porcupine.Operation{
			op(Granted, 2, 0, 1), op(Unlocked, 2, 2, 3), op(Granted, 2, 4, 5),
		}},
		{"the lease ends, then the next", porcupine.Ok, []porcupine.Operation{
			op(Granted, 1, 0, 1), op(Ended, 1, 5, int64(history.Forever)), op(Granted, 2, 4, 6), op(Held, 0, 2, 3),
			op(Seen, 0, 7, 8),
		}},
		{"the next before the lease ends", porcupine.Illegal, []porcupine.Operation{
			op(Granted, 1, 0, 1), op(Ended, 1, 5, int64(history.Forever)), op(Granted, 2, 2, 3),
		}},
		{"refused although free", porcupine.Illegal, []porcupine.Operation{
			op(Granted, 1, 0, 1), op(Unlocked, 1, 2, 3), op(Held, 0, 4, 5),
		}},
		{"stolen", porcupine.Ok, []porcupine.Operation{
			op(Granted, 1, 0, 1), op(Stolen, -1, 2, 3), op(Lost, 1, 4, 5),
			op(Ended, -1, 6, int64(history.Forever)), op(Granted, 2, 7, 8),
		}},
		{"stolen, and unlocked by the one before", porcupine.Illegal, []porcupine.Operation{
			op(Granted, 1, 0, 1), op(Stolen, -1, 2, 3), op(Unlocked, 1, 4, 5),
		}},
		{"extended after it was stolen", porcupine.Illegal, []porcupine.Operation{
			op(Granted, 1, 0, 1), op(Stolen, -1, 2, 3), op(Extended, 1, 4, 5),
		}},
		{"lost for no reason", porcupine.Illegal, []porcupine.Operation{op(Granted, 1, 0, 1), op(Lost, 1, 2, 3)}},
		{"taken by another program", porcupine.Ok, []porcupine.Operation{
			op(Taken, -1, 0, 1), op(Held, 0, 2, 3), op(Deleted, 0, 4, 5), op(Free, 0, 6, 7), op(Granted, 1, 8, 9),
		}},
		{"taken although held", porcupine.Illegal, []porcupine.Operation{op(Granted, 1, 0, 1), op(Taken, -1, 2, 3)}},
		{"handed to a waiter that did not hear of it, and deleted", porcupine.Ok, []porcupine.Operation{
			op(Hidden, -1, 0, 9), op(Granted, 1, 0, 1), op(Unlocked, 1, 2, 3), op(Held, 0, 4, 5), op(Deleted, 0, 6, 7),
		}},
		{"deleted although free", porcupine.Illegal, []porcupine.Operation{op(Deleted, 0, 0, 1)}},
		{"not found although held", porcupine.Illegal, []porcupine.Operation{op(Granted, 1, 0, 1), op(Free, 0, 2, 3)}},
		{"found although free", porcupine.Illegal, []porcupine.Operation{op(Seen, 0, 0, 1)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := porcupine.CheckOperationsTimeout(Model, test.ops, time.Minute); got != test.want {
				t.Errorf("%s: %s", got, fmt.Sprint(test.ops))
			}
		})
	}
}
