package roster

import (
	"context"
	"embed"
	"path/filepath"
	"time"

	"github.com/zferentz/go-redilock/luatest/bench/contestant"
)

//go:embed java
var javaSources embed.FS

// redissonWarmup is for the JVM to compile what is called often.
const redissonWarmup = time.Second

var (
	redissonSemaphore = &contestant.Contestant{
		Primitive: contestant.Semaphore, Name: contestant.Redisson, Missing: notSought, Warmup: redissonWarmup,
		About: "RPermitExpirableSemaphore; woken by messages; all as by default",
	}
	redissonRWLock = &contestant.Contestant{
		Primitive: contestant.RWLock, Name: contestant.Redisson, Missing: notSought, Warmup: redissonWarmup,
		About: "RReadWriteLock; woken by messages; with a lease, so no watchdog; else as by default",
	}
)

// installJava builds the worker of Redisson with Maven. A class archive, made by one start of it, halves what every later
// start costs: there are more than a hundred of them in a run.
func installJava(ctx context.Context) (command []string, version string, err error) {
	if err := onPath("java", "javac", "jar", "mvn"); err != nil {
		return nil, "", err
	}
	dir, err := home("java")
	if err != nil {
		return nil, "", err
	}
	target := filepath.Join(dir, "target")
	archive, jar := filepath.Join(target, "worker.jsa"), filepath.Join(target, "worker.jar")
	java := []string{"-cp", jar + ":" + filepath.Join(target, "dependency", "*"), "bench.Worker"}
	err = installed(dir, javaSources, "java", func() error {
		for _, step := range [][]string{
			{"mvn", "--batch-mode", "--quiet", "compile"},
			{"jar", "--create", "--file", jar, "-C", filepath.Join(target, "classes"), "."},
			append([]string{"java", "-XX:ArchiveClassesAtExit=" + archive}, append(java, "rehearse")...),
		} {
			if _, err := output(ctx, dir, step[0], step[1:]...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	command = append([]string{"java", "-XX:SharedArchiveFile=" + archive}, java...)
	version, err = output(ctx, dir, command[0], append(command[1:len(command):len(command)], "version")...)
	return command, version, err
}
