package gen

import "testing"

func TestCommand(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                string
		writes, denyOOM, ok bool
	}{
		{"GET", false, false, true},
		{"SET", true, true, true},
		{"DEL", true, false, true},
		{"PUBLISH", false, false, true},
		{"FLUSHALL", false, false, false},
	}
	for _, test := range tests {
		if w, d, ok := Command(test.name); w != test.writes || d != test.denyOOM || ok != test.ok {
			t.Errorf("%s: writes %v, deny-oom %v, known %v", test.name, w, d, ok)
		}
	}
	for name, c := range commands {
		if c.denyOOM && !c.writes {
			t.Errorf("%s: a command that does not write is never refused for want of memory", name)
		}
	}
}
