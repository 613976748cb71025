//go:build !unix

package main

// runCmd needs process groups and their signals.
type runCmd struct {
	Args []string `arg:"" optional:"" passthrough:""`
}

// Run is called by kong.
func (runCmd) Run(*app) error { return usage("run needs a Unix system") }
