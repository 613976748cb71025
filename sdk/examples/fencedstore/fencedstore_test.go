package fencedstore_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zferentz/go-redilock/sdk/examples/fencedstore"
)

func TestStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := fencedstore.Open(dir)
	if e, err := s.Read("a/key"); err != nil || e != (fencedstore.Entry{}) {
		t.Errorf("an empty store: %+v, %v", e, err)
	}
	for _, w := range []struct {
		fence int64
		stale bool
	}{{5, false}, {5, false}, {4, true}, {7, false}, {6, true}} {
		err := s.Write("a/key", fmt.Sprint("by ", w.fence), w.fence)
		if errors.Is(err, fencedstore.ErrStale) != w.stale || err != nil && !w.stale {
			t.Errorf("fence %d: %v", w.fence, err)
		}
	}
	if e, err := s.Read("a/key"); err != nil || e != (fencedstore.Entry{Fence: 7, Value: "by 7"}) {
		t.Errorf("%+v, %v", e, err)
	}
	want := []fencedstore.Entry{{Fence: 5, Value: "by 5"}, {Fence: 5, Value: "by 5"}, {Fence: 7, Value: "by 7"}}
	if got, err := s.History("a/key"); err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := fencedstore.OpenUnchecked(dir).Write("a/key", "late", 1); err != nil {
		t.Errorf("without the check: %v", err)
	}
	for _, bad := range []string{"two\nlines", strings.Repeat("v", 2000)} {
		if err := s.Write("a/key", bad, 9); err == nil {
			t.Errorf("%.10q was written", bad)
		}
	}
}

// Half an entry, of a writer that died, is not there.
func TestHalfAnEntry(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := fencedstore.Open(dir)
	if err := s.Write("k", "whole", 1); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "k"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("2 hal"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Read("k"); err != nil || e.Value != "whole" {
		t.Errorf("%+v, %v", e, err)
	}
	if err := s.Write("k", "again", 3); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Read("k"); err != nil || e != (fencedstore.Entry{Fence: 3, Value: "again"}) {
		t.Errorf("%+v, %v", e, err)
	}
}

// The check and the write are one step: of many writers at once none gets behind a higher fence.
func TestWritersAtOnce(t *testing.T) {
	t.Parallel()
	s := fencedstore.Open(t.TempDir())
	var wg sync.WaitGroup
	for fence := range int64(200) {
		wg.Go(func() {
			if err := s.Write("k", "v", fence); err != nil && !errors.Is(err, fencedstore.ErrStale) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	entries, err := s.History("k")
	if err != nil || len(entries) == 0 || !slices.IsSortedFunc(entries, func(a, b fencedstore.Entry) int {
		return int(a.Fence - b.Fence)
	}) {
		t.Errorf("%v, %v", entries, err)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	s := fencedstore.Open(dir)

	// The first holder reads, and is paused past its lease. The second one, with a higher fence, does its work.
	first, second := int64(1), int64(2)
	if err := s.Write("balance", "90", second); err != nil {
		panic(err)
	}
	// The first one wakes. It has not noticed.
	err = s.Write("balance", "100", first)
	fmt.Println(errors.Is(err, fencedstore.ErrStale))
	last, err := s.Read("balance")
	fmt.Println(last.Value, err)
	// Output:
	// true
	// 90 <nil>
}
