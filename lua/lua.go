// Package lua holds the scripts as they are sent to a server, for Go programs that want the files themselves. Programs
// that call them use the bindings (package mutexv1 and its like) or the SDK, package redilock.
package lua

import "embed"

// Dist is the folder dist: the scripts, includes expanded, and manifest.json, which describes them.
//
//go:embed dist
var Dist embed.FS
