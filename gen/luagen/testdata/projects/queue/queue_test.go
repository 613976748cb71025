package main

import (
	"slices"
	"testing"
	"time"

	"example.com/queue/scripts/queuev1"
)

func TestQueue(t *testing.T) {
	rdb, ctx := client(t), t.Context()
	keys, err := queuev1.KeysOf("jobs")
	if err != nil {
		t.Fatal(err)
	}
	new, err := queuev1.Push(ctx, rdb, keys, queuev1.PushArgs{Jobs: []string{"a", "b", "c", "a"}})
	if err != nil || new != 3 {
		t.Fatalf("%d new, %v", new, err)
	}
	rows, err := queuev1.Take(ctx, rdb, keys, queuev1.TakeArgs{Most: 2, Lease: time.Hour})
	if err != nil || len(rows) != 2 || rows[0].Job != "a" || rows[1].Job != "b" {
		t.Fatalf("%v, %v", rows, err)
	}
	late, err := queuev1.Done(ctx, rdb, keys, queuev1.DoneArgs{Jobs: []string{"a", "c"}})
	if err != nil || !slices.Equal(late, []string{"c"}) {
		t.Fatalf("late %v, %v", late, err)
	}
	if rows, err = queuev1.Take(ctx, rdb, keys, queuev1.TakeArgs{Most: 9, Lease: time.Hour}); err != nil || len(rows) != 0 {
		t.Fatalf("%v, %v", rows, err)
	}
}
