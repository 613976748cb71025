//go:build race

package model

// underRace says that the race detector is on: everything takes ten times as long, so the search goes less deep.
const underRace = true
