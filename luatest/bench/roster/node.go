package roster

import (
	"context"
	"embed"
	"path/filepath"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

//go:embed node
var nodeSources embed.FS

// redisSemaphore is the Semaphore of npm redis-semaphore. Its workers are promises of one thread.
var redisSemaphore = &contestant.Contestant{
	Primitive: contestant.Semaphore, Name: contestant.RedisSemaphore, Polls: true, Missing: notSought,
	About: "npm, on ioredis; polls; refreshes every permit",
}

// installNode gets redis-semaphore with npm.
func installNode(ctx context.Context) (command []string, version string, err error) {
	if err := onPath("node", "npm"); err != nil {
		return nil, "", err
	}
	dir, err := home("node")
	if err != nil {
		return nil, "", err
	}
	err = installed(dir, nodeSources, "node", func() error {
		_, err := output(ctx, dir, "npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock")
		return err
	})
	if err != nil {
		return nil, "", err
	}
	command = []string{"node", filepath.Join(dir, "worker.mjs")}
	version, err = output(ctx, dir, command[0], append(command[1:len(command):len(command)], "version")...)
	return command, version, err
}
