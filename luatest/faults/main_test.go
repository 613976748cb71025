package faults

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9/logging"

	"github.com/zferentz/go-redilock/luatest/faults/inject/suspend"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// What `go tool mage faults` sets.
var (
	matrixFlag = flag.String("matrix", "", "quick or full: run the matrix")
	seedFlag   = flag.Uint64("seed", 1, "decides all that is chosen by chance")
	onlyFlag   = flag.String("only", "", "run only the rows whose names begin with this")
	runsFlag   = flag.Int("runs", 0, "how often each row is run; 0: as the matrix has it")
	keepFlag   = flag.Bool("keep", false, "keep the figures of the rows that pass, and write the README's table")
	checkFlag  = flag.String("check", "", "a journal that a failed run left: judge it again")
)

func TestMain(m *testing.M) {
	logging.Disable() // go-redis tells of every connection that a row breaks
	if text := os.Getenv(jobEnv); text != "" {
		err := suspend.Enter()
		if err == nil {
			err = work(text)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	go feelPulse()
	code := m.Run()
	if err := results.print(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	if *keepFlag {
		rev, err := revision()
		if err == nil {
			err = results.keep(recordsDir, readmeFile, rev, time.Now().UTC(), *seedFlag)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if err := testreport.Append(results.rows()...); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}
