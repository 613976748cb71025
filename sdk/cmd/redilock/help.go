package main

import (
	"bytes"

	"github.com/alecthomas/kong"
)

// Help is in redilock --help.
func (*commands) Help() string {
	return `
Examples:

    redilock run nightly -- ./report.sh     # wait for the lock, then run it
    redilock inspect nightly                # who has it, who waits for it
    redilock top                            # all locks, live
    redilock --redis rediss://cache.example:6380 ls 'deploy:*'

Where Redis is (--redis or REDIS_URL):

    redis://[USER@]HOST[:PORT][/DB]         rediss:// is the same with TLS
    unix:///PATH[?db=DB]                    a Unix socket
    redis+sentinel://HOST,HOST/GROUP[/DB]   a group that Sentinel watches over
    redis+cluster://HOST,HOST               a cluster

A password is best given by REDIS_PASSWORD or --password-file: everybody on
the machine can read the command line. For sentinels it is
REDIS_SENTINEL_PASSWORD.`
}

// printHelp prints what kong does. But kong names flags last, and what follows the command of run is the command's own.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	out := ctx.Stdout
	defer func() { ctx.Stdout = out }()
	var text bytes.Buffer
	ctx.Stdout = &text
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	_, err := out.Write(bytes.Replace(text.Bytes(),
		[]byte("run <name> [<command> ...] [flags]"), []byte("run [flags] <name> -- <command> [arguments]"), 1))
	return err
}

// flagsForAll puts the flags that all commands have into a group of their own, below those of the command.
func flagsForAll(k *kong.Kong) error {
	common := &kong.Group{Key: "common", Title: "Flags of all commands:"}
	for _, f := range k.Model.Flags {
		f.Group = common
	}
	return nil
}

// longHelp are the helps of flags that would make their line too long.
var longHelp = kong.Vars{
	"conflictHelp": "The exit status when the lock was not to be had in time. Default: 124.",
	"ttlHelp": "How long the server keeps the lock should we vanish; it is extended as long as the command runs. " +
		"Default: 30s.",
	"killAfterHelp": "When the lock cannot be kept: how long before its end to send TERM; at its end KILL. " +
		"Default: a sixth of --ttl (or of --max-hold, if that is shorter), 10s at the most.",
}
