//go:build !newapi

package redilock_test

import "github.com/zferentz/go-redilock/sdk/redilock"

// traced gives a trace with one function set; "all" sets every one of them.
func traced(event string, do func(redilock.Event)) redilock.Trace {
	var t redilock.Trace
	for name, f := range map[string]*func(redilock.Event){
		"Enqueued": &t.Enqueued, "Acquired": &t.Acquired, "HandedOff": &t.HandedOff, "Extended": &t.Extended,
		"ExtendFailed": &t.ExtendFailed, "Lost": &t.Lost, "Released": &t.Released,
	} {
		if event == name || event == "all" {
			*f = do
		}
	}
	return t
}
