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
		[]byte("run [<name> [<command> ...]] [flags]"), []byte("run [flags] <name> -- <command> [arguments]"), 1))
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
	"caHelp":        "With TLS (rediss://): FILE has the authorities to trust, in PEM. Default: the system's.",
	"sniHelp":       "With TLS: the server's name in its certificate. Default: the host of the URL.",
	"conflictHelp":  "The exit status when the lock was not to be had in time. Default: 124.",
	"limitHelp":     "The lock is a semaphore of N permits: up to N hold it at once. All who use it use the same N.",
	"sharedHelp":    "The lock has readers and writers: hold it with other readers, while no writer does.",
	"exclusiveHelp": "The lock has readers and writers: hold it alone.",
	"replicasHelp":  "The lock counts once N replicas have it, which helps against a failover that loses it.",
	"allHelp":       "Take the lock NAME; with -a again, all of them or none. A <name> before the dashes is one more.",
	"ttlHelp": "How long the server keeps the lock should we vanish; it is extended as long as the command runs. " +
		"Default: 30s.",
	"holdAtLeastHelp": "Keep the lock so long at the least, from the grant on, however soon the command ends: hosts whose " +
		"clocks differ by less run a cron job once.",
	"untilAllEndHelp": "When the command has ended, do not end what it left running: wait for it, and hold the lock " +
		"meanwhile.",
	"killAfterHelp": "When the lock cannot be kept: how long before its end to send TERM; at its end KILL. " +
		"Default: a sixth of --ttl (or of --max-hold, if that is shorter), 10s at the most.",
}
