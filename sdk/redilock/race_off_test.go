//go:build !race

package redilock_test

const raceDetector = false
