// Package several proves what the SDK builds on the mutex with processes, signals and real servers: several locks at once
// (redilock.Multi), leader election (redilock.Election) and replicas that acknowledge (redilock.WithReplicas). The tests
// have a short form; `go tool mage several` runs the long ones.
package several
