package luagen

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

// Verify fails when what is generated is not up to date, when a released script changed, when a server does not load a
// script, or when an example does not bring the reply that its header tells. The servers are those of this machine, which it
// starts (redis-server on PATH, and what REDILOCK_SERVERS names); asked says how many there were.
func Verify(ctx context.Context, o gen.Options) (asked int, err error) {
	all := []error{gen.Verify(o)}
	for _, executable := range server.Executables() {
		if executable.Err != nil {
			all = append(all, executable.Err)
			continue
		}
		s, err := server.Start(ctx, server.Options{Executable: executable.Path})
		if err != nil {
			all = append(all, err)
			continue
		}
		if err := ask(ctx, o, s.RedisOptions()); err != nil {
			all = append(all, fmt.Errorf("%s %s: %w", s.Name(), s.Version(), err))
		}
		asked++
		all = append(all, s.Stop())
	}
	return asked, errors.Join(all...)
}

func ask(ctx context.Context, o gen.Options, options *redis.Options) error {
	options.Protocol = 2
	rdb := redis.NewClient(options)
	err := gen.VerifyLoads(o, func(source string) (string, error) { return rdb.ScriptLoad(ctx, source).Result() })
	if err == nil {
		err = gen.VerifyExamples(o, func(sha1 string, keys []string, args []any) (any, error) {
			if err := rdb.FlushAll(ctx).Err(); err != nil { // each example begins with an empty server, which is our own
				return nil, err
			}
			reply, err := rdb.EvalSha(ctx, sha1, keys, args...).Result()
			if errors.Is(err, redis.Nil) {
				return nil, nil
			}
			return reply, err
		})
	}
	return errors.Join(err, rdb.Close())
}
