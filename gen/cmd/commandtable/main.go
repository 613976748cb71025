// Command commandtable writes the table of Redis' commands that the generator knows, from what every server of this machine
// says of itself (COMMAND). A command has a line if all of them have it. Usage:
//
//	go run ./gen/cmd/commandtable gen/command_table.go
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/gen"
	"github.com/zferentz/go-redilock/luatest/redistest/server"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, files []string) error {
	if len(files) != 1 {
		return fmt.Errorf("name the file to write")
	}
	if n := len(server.Executables()); n < 3 {
		return fmt.Errorf("%d servers: name three in %s, or commands that one of them lacks would be let in",
			n, server.EnvServers)
	}
	var replies []any
	for _, executable := range server.Executables() {
		reply, err := commands(ctx, executable)
		if err != nil {
			return fmt.Errorf("%s: %w", executable.Path, err)
		}
		replies = append(replies, reply)
	}
	source, err := gen.CommandTable(replies...)
	if err != nil {
		return err
	}
	return os.WriteFile(files[0], source, 0o644)
}

// commands asks a server, which it starts, for its commands.
func commands(ctx context.Context, executable server.Executable) (any, error) {
	if executable.Err != nil {
		return nil, executable.Err
	}
	s, err := server.Start(ctx, server.Options{Executable: executable.Path})
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Stop() }()
	// RESP2, in which a reply is made of arrays alone.
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr(), Protocol: 2})
	defer rdb.Close()
	return rdb.Do(ctx, "COMMAND").Result()
}
