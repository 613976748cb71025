package redilock_test

import (
	"context"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/sdk/scripts/mutexv1"
)

// hook stands between a client and its connections: send sends the calls, of which verb is the first one's script
// ("acquire"), or "" if it is none.
type hook func(verb string, calls []redis.Cmder, send func() error) error

func (h hook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h hook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return h(verbOf(cmd), []redis.Cmder{cmd}, func() error { return next(ctx, cmd) })
	}
}

func (h hook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		return h(verbOf(cmds[0]), cmds, func() error { return next(ctx, cmds) })
	}
}

func verbOf(cmd redis.Cmder) string {
	for _, script := range mutexv1.Scripts() {
		if args := cmd.Args(); len(args) > 1 && args[1] == script.SHA1 {
			return strings.TrimPrefix(script.Name, "mutex.")
		}
	}
	return ""
}

// failed is what a hook returns for calls that fail.
func failed(calls []redis.Cmder, err error) error {
	for _, call := range calls {
		call.SetErr(err)
	}
	return err
}
