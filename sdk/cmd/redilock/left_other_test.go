//go:build unix && !linux

package main_test

import "testing"

func testLeft(t *testing.T, _ *bench) {
	t.Skip("SKIPPED, NOT PROVEN: only Linux finds what left the group")
}
