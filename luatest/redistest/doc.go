// Package redistest has the ground that tests stand on: real servers in package server, and networks in package proxy. It
// knows no scripts.
package redistest
