package main

import (
	"testing"

	"example.com/limiter/scripts/limitv1"
)

func TestLimiter(t *testing.T) {
	rdb := client(t)
	keys := limitv1.Keys{Bucket: "user:7"}
	reply, err := limitv1.Take(t.Context(), rdb, keys, limitv1.TakeArgs{Capacity: 10, Rate: 1, Wanted: 4})
	if taken, ok := reply.(limitv1.TakeTaken); err != nil || !ok || taken.Left < 6 || taken.Left > 10 {
		t.Fatalf("%#v, %v", reply, err)
	}
	reply, err = limitv1.Take(t.Context(), rdb, keys, limitv1.TakeArgs{Capacity: 10, Rate: 1, Wanted: 1000})
	if denied, ok := reply.(limitv1.TakeDenied); err != nil || !ok || denied.Retry <= 0 {
		t.Fatalf("%#v, %v", reply, err)
	}
}
