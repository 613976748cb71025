package scripts_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts"
	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

func TestCompanions(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, want string }{ // want: the companion :x, "" for a name that is refused
		{"jobs", "{jobs}:x"},
		{"a{b}c", "a{b}c:x"},
		{"{", "{{}:x"},
		{"{}", ""}, // a } without a hash tag
		{"a}b", ""},
		{"{jobs}", ""},
		{"{jobs}:x", ""},
		{"jobs:x", "{jobs:x}:x"},
		{"{jobs}:y", "{jobs}:y:x"},
		{"{jobs}:x:", "{jobs}:x::x"},
		{"ü\x00", "{ü\x00}:x"},
	}
	for _, test := range tests {
		got, err := scripts.Companions(test.name, ":x")
		if test.want == "" {
			if !errors.As(err, new(*scripts.NameError)) {
				t.Errorf("%q: %v, %v", test.name, got, err)
			}
			continue
		}
		if err != nil || !slices.Equal(got, []string{test.want}) {
			t.Errorf("%q: %v, %v", test.name, got, err)
		}
	}
}

// TestCompanionsReserved: a suffix in a namespace keeps it for those of later versions.
func TestCompanionsReserved(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]bool{
		"{a}:my:known": true, "{a}:my:other": true, "{a}b:my:x": true, "a:my:other": false, "{a}:my:": false,
		"{a}:my:Other": false, "{a}:my:o2": false, "{a}:other:known": false,
	} {
		if _, err := scripts.Companions(name, ":my:known"); (err != nil) != refused {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCheckNames(t *testing.T) {
	t.Parallel()
	tests := []struct {
		lo, hi int
		name   string
		want   string
	}{
		{1, 0, "", "a name has 1 byte at least, this one 0"},
		{1, 0, strings.Repeat("x", 5000), ""},
		{1, 2, "é", ""},
		{1, 2, "abc", "a name has 1 to 2 bytes, this one 3"},
		{2, 3, "a", "a name has 2 to 3 bytes, this one 1"},
	}
	for _, test := range tests {
		err := scripts.CheckNames(test.lo, test.hi, "good"[:test.lo], test.name)
		got := ""
		if named := new(scripts.NameError); errors.As(err, &named) {
			got = named.Why
		}
		if got != test.want {
			t.Errorf("%q: %v, want %q", test.name, err, test.want)
		}
	}
}

// TestValidate: a binding refuses what its script would refuse, in the same words, and sends nothing.
func TestValidate(t *testing.T) {
	t.Parallel()
	rdb, w := client(t), &watch{}
	keys, err := mutexv1.KeysOf("n")
	if err != nil {
		t.Fatal(err)
	}
	rdb.AddHook(w)
	ctx := context.Background()
	good := mutexv1.AcquireArgs{Token: "t", Lease: 1000e6}
	tests := map[string]func(*mutexv1.AcquireArgs){
		"":        func(*mutexv1.AcquireArgs) {},
		"token":   func(a *mutexv1.AcquireArgs) { a.Token = strings.Repeat("x", 513) },
		"lease":   func(a *mutexv1.AcquireArgs) { a.Lease = 0 },
		"wake":    func(a *mutexv1.AcquireArgs) { a.Wake = "shout" },
		"fences":  func(a *mutexv1.AcquireArgs) { a.Fences = 65 },
		"channel": func(a *mutexv1.AcquireArgs) { a.Channel = strings.Repeat("x", 600) },
	}
	for arg, change := range tests {
		args := good
		change(&args)
		w.take()
		_, err := mutexv1.Acquire(ctx, rdb, keys, args)
		sent := w.take()
		if arg == "" {
			if err != nil || len(sent) == 0 {
				t.Errorf("good arguments: %v, sent %v", err, sent)
			}
			continue
		}
		_, fromScript := mutexv1.NewAcquire(keys, args).Do(ctx, rdb) // which does not check them
		var said *scripts.ArgError
		if !errors.As(err, &said) || said.Arg != arg || len(sent) != 0 || !redis.HasErrorPrefix(err, "BADARG") {
			t.Errorf("%s: %v, sent %v", arg, err, sent)
		} else if fromScript == nil || fromScript.Error() != err.Error() {
			t.Errorf("%s: the binding says %v, the script %v", arg, err, fromScript)
		}
	}
}
