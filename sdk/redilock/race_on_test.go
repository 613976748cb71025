//go:build race

package redilock_test

const raceDetector = true
