// Command commandtable writes the table of Redis' commands that the generator knows, from what the servers say of
// themselves (COMMAND). Its arguments are the addresses of servers; a command has a line if all of them have it. Usage:
//
//	go run ./gen/cmd/commandtable 127.0.0.1:6379 127.0.0.1:6380 > gen/command_table.go
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/gen"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addresses []string) error {
	if len(addresses) == 0 {
		return fmt.Errorf("name the addresses of the servers that are asked")
	}
	var replies []any
	for _, address := range addresses {
		// RESP2, in which a reply is made of arrays alone.
		rdb := redis.NewClient(&redis.Options{Addr: address, Protocol: 2})
		reply, err := rdb.Do(ctx, "COMMAND").Result()
		if err != nil {
			return fmt.Errorf("%s: %w", address, err)
		}
		if err := rdb.Close(); err != nil {
			return err
		}
		replies = append(replies, reply)
	}
	source, err := gen.CommandTable(replies...)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(source)
	return err
}
