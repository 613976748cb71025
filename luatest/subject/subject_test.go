package subject_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/mutex"
	"github.com/zferentz/go-redilock/luatest/subject"
)

// Scripts of another version, or of another primitive, are not its own.
func TestOwn(t *testing.T) {
	t.Parallel()
	all := []dist.Script{
		{Name: "mutex.acquire", Version: 2}, {Name: "mutexes.acquire", Version: 1}, {Name: "semaphore.acquire", Version: 1},
	}
	if own, err := mutex.Subject.Own(all); err == nil {
		t.Errorf("these are its own: %+v", own)
	}
	own, err := mutex.Subject.Own(append(all, dist.Script{Name: "mutex.release", Version: 1}))
	if err != nil || len(own) != 1 || subject.Verb(own[0]) != "release" {
		t.Errorf("%+v, %v", own, err)
	}
}

// A scenario that shows what its primitive does not promise is an error.
func TestPromises(t *testing.T) {
	t.Parallel()
	poorer := mutex.Subject
	poorer.Promises = slices.DeleteFunc(slices.Clone(poorer.Promises), func(m string) bool { return m == "M7" })
	if _, err := poorer.Scenarios(); err == nil || !strings.Contains(err.Error(), `promises no "M7"`) {
		t.Error(err)
	}
	if all, err := mutex.Subject.Scenarios(); err != nil || len(all) == 0 {
		t.Errorf("%d scenarios, %v", len(all), err)
	}
}

// All scripts take the same keys of a name.
func TestKeys(t *testing.T) {
	t.Parallel()
	keys, roles, err := mutex.Subject.Keys("a{b}")
	want := []string{"a{b}", "a{b}:redilock:fence", "a{b}:redilock:queue", "a{b}:redilock:waiters"}
	if err != nil || !slices.Equal(keys, want) || !slices.Equal(roles, []string{"lock", "fence", "queue", "waiters"}) {
		t.Errorf("%q, %q, %v", keys, roles, err)
	}
	scripts, err := mutex.Subject.Scripts()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		if other, _, err := subject.KeysOf(s, "a{b}"); err != nil || !slices.Equal(other, want) {
			t.Errorf("%s takes %q, %v", s.Name, other, err)
		}
	}
}
