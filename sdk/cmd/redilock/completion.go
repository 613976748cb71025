package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/completion"
)

// completionCmd prints what a shell needs to complete our command lines.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is the end of redilock completion --help.
func (completionCmd) Help() string {
	return `
Examples:

    source <(redilock completion bash)     # in ~/.bashrc
    source <(redilock completion zsh)      # in ~/.zshrc, after compinit
    redilock completion fish | source      # in ~/.config/fish/config.fish`
}

// Run is called by kong.
func (c *completionCmd) Run(a *app) error {
	_, err := fmt.Fprint(a.out, completion.Scripts[c.Shell])
	return err
}

// completeCmd is what the shells call.
type completeCmd struct {
	Words []string `arg:"" optional:""`
}

// Run is called by kong.
func (c *completeCmd) Run(a *app, k *kong.Context) error {
	for _, w := range completion.Words(k.Model, c.Words) {
		if _, err := fmt.Fprintf(a.out, "%s\t%s\n", w.Text, w.Help); err != nil {
			return err
		}
	}
	return nil
}
