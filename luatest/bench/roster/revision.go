package roster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

// revision is the SDK of this project at the revision before its engine and its turns: a figure of today is only worth
// something beside one of that revision in the same run.
var revision = &contestant.Contestant{
	Primitive: contestant.Mutex, Name: contestant.Before, Missing: notSought, Key: plainKey,
	About: "this SDK before its present engine; waits in a queue, hands off by the server",
}

// buildRevision takes the revision's files out of git, and builds the worker in folder revision, a module of its own, with
// them. It wants to run in the folder of this module, as `go run .` does.
func buildRevision(ctx context.Context) (command []string, version string, err error) {
	if err := onPath("git", "tar", "go"); err != nil {
		return nil, "", err
	}
	here, err := filepath.Abs(".build")
	if err != nil {
		return nil, "", err
	}
	if err := unpackRevision(ctx, here, filepath.Join(here, contestant.Before)); err != nil {
		return nil, "", err
	}
	worker := filepath.Join(here, "worker-"+contestant.Before)
	_, err = output(ctx, ".", "go", "build", "-C", "revision", "-o", worker, ".")
	return []string{worker}, "revision " + contestant.Before, err
}

// unpackRevision makes the tree, whole or not at all, unless it is there.
func unpackRevision(ctx context.Context, here, tree string) error {
	if _, err := os.Stat(tree); err == nil {
		return nil
	}
	unpacked, packed := tree+".new", tree+".tar"
	if err := errors.Join(os.RemoveAll(unpacked), os.MkdirAll(unpacked, 0o755)); err != nil {
		return err
	}
	top, err := output(ctx, here, "git", "rev-parse", "--show-toplevel")
	if err == nil {
		_, err = output(ctx, top, "git", "archive", "--output", packed, contestant.Before, "go.mod", "go.sum", "sdk", "lua")
	}
	if err != nil {
		return fmt.Errorf("git has no such revision here, as in a shallow clone: %w", err)
	}
	if _, err := output(ctx, unpacked, "tar", "-xf", packed); err != nil {
		return err
	}
	return os.Rename(unpacked, tree)
}
