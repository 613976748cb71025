// Package scripts runs versioned Lua scripts on Redis and Valkey: what the generated bindings (package mutexv1 and its
// like) share. It sends a script by EVALSHA, loads it where the server does not know it, and takes its reply apart.
//
// Programs use a binding, or better the SDK above it, package redilock.
package scripts
