package measure

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// stats is what the server has done since it started.
type stats struct {
	at       time.Time
	cpu      float64            // s, user and system, of its main thread where it tells
	calls    map[string]float64 // by command, in scripts too
	spent    map[string]float64 // s; a script's holds that of its commands
	commands float64
}

// Cost is what the server did in a while.
type Cost struct {
	Elapsed  float64 // s
	CPU      float64 // s
	Commands float64 // in scripts too
	Spent    float64 // s in commands, as the server counts them: without reading, writing and parsing
}

// own are the commands of the benchmark itself.
var own = map[string]bool{"info": true, "config": true, "flushall": true, "client": true, "hello": true, "memory": true}

func (r *Run) stats(ctx context.Context) (stats, error) {
	s := stats{calls: map[string]float64{}, spent: map[string]float64{}}
	text, err := r.rdb.Info(ctx, "commandstats", "cpu").Result()
	if err != nil {
		return s, err
	}
	s.at = time.Now()
	cpu := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch command, isCommand := strings.CutPrefix(name, "cmdstat_"); {
		case isCommand:
			if command, _, _ = strings.Cut(command, "|"); own[command] {
				continue
			}
			calls, e1 := field(value, "calls=")
			usec, e2 := field(value, "usec=")
			if err := errors.Join(e1, e2); err != nil {
				return s, err
			}
			s.calls[command] += calls
			s.spent[command] += usec / 1e6
			s.commands += calls
		case strings.HasPrefix(name, "used_cpu_"):
			if cpu[name], err = strconv.ParseFloat(value, 64); err != nil {
				return s, err
			}
		}
	}
	s.cpu = cpu["used_cpu_user_main_thread"] + cpu["used_cpu_sys_main_thread"]
	if s.cpu == 0 {
		s.cpu = cpu["used_cpu_user"] + cpu["used_cpu_sys"]
	}
	return s, nil
}

func field(text, name string) (float64, error) {
	_, rest, ok := strings.Cut(text, name)
	if !ok {
		return 0, fmt.Errorf("no %s in %q", name, text)
	}
	value, _, _ := strings.Cut(rest, ",")
	return strconv.ParseFloat(value, 64)
}

// since is what was done between two looks.
func (s stats) since(before stats) Cost {
	c := Cost{
		Elapsed: s.at.Sub(before.at).Seconds(), CPU: s.cpu - before.cpu, Commands: s.commands - before.commands,
	}
	scripts := s.calls["evalsha"] + s.calls["eval"] - before.calls["evalsha"] - before.calls["eval"]
	for command, spent := range s.spent {
		// Where scripts run they hold the time of the commands that they call. No step here mixes scripts with other
		// calls that would count, see serverCost.
		if scripts == 0 || command == "evalsha" || command == "eval" {
			c.Spent += spent - before.spent[command]
		}
	}
	return c
}
