package interop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/redis/go-redis/v9"
)

// pair is what the rounds of two contestants gave.
type pair struct {
	rounds int // that were right
	first  int // of them, those that the first contestant won
	took   time.Duration
	err    error
}

// How long the lock is held before both may contend for it: until they wait.
const (
	held     = 3 * time.Millisecond
	heldSlow = 25 * time.Millisecond // for one that starts a process for each command
	giveBack = 5 * time.Second
)

// contend lets two workers contend for a lock. In each round it is held when both come, and then given back. The counter
// in the file is to rise by two in each round, and the fences with it.
func contend(ctx context.Context, rdb *redis.Client, a, b *worker, key, dir string, rounds int) (p pair) {
	defer func(start time.Time) { p.took = time.Since(start) }(time.Now())
	counter := filepath.Join(dir, key)
	if p.err = os.WriteFile(counter, []byte("0"), 0o600); p.err != nil {
		return p
	}
	fence, hold := int64(0), held
	if a.contestant.slow || b.contestant.slow {
		hold = heldSlow
	}
	for round := range rounds {
		var answers [2]answer
		if err := rdb.SetArgs(ctx, key, "round", redis.SetArgs{Mode: "NX", TTL: giveBack}).Err(); err != nil {
			p.err = fmt.Errorf("round %d: the lock was not given back before it: %w", round+1, err)
			return p
		}
		var both sync.WaitGroup
		for i, w := range []*worker{a, b} {
			both.Go(func() { answers[i] = w.turn(key, counter) })
		}
		time.Sleep(hold)
		err := rdb.Del(ctx, key).Err()
		both.Wait()
		if p.err = errors.Join(err, answers[0].err, answers[1].err); p.err != nil {
			p.err = fmt.Errorf("round %d: %w", round+1, p.err)
			return p
		}
		won := 0
		if answers[1].value < answers[0].value {
			won = 1
		}
		for i, which := range []int{won, 1 - won} {
			got, w := answers[which], []*worker{a, b}[which]
			name := w.contestant.name
			if want := int64(2*round + i + 1); got.value != want {
				p.err = fmt.Errorf("round %d: a lost update: %s wrote %d, not %d", round+1, name, got.value, want)
				return p
			}
			if w.contestant.fenced {
				if got.fence <= fence {
					p.err = fmt.Errorf("round %d: %s got the fence %d after %d", round+1, name, got.fence, fence)
					return p
				}
				fence = got.fence
			}
		}
		p.rounds++
		p.first += 1 - won
	}
	text, err := os.ReadFile(counter)
	if err == nil && strings.TrimSpace(string(text)) != strconv.Itoa(2*rounds) {
		err = fmt.Errorf("the counter is %s, not %d", text, 2*rounds)
	}
	p.err = err
	return p
}

// render prints the matrix: for each pair its rounds, or LOST.
func render(w io.Writer, names []string, pairs map[[2]string]pair) error {
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.AlignRight)
	head := []string{""}
	for i := range names {
		head = append(head, strconv.Itoa(i+1))
	}
	fmt.Fprintln(table, strings.Join(head, "\t")+"\t")
	for i, row := range names {
		cells := []string{fmt.Sprintf("%2d %s", i+1, row)}
		for _, column := range names[:i+1] {
			p, ok := pairs[[2]string{column, row}]
			switch {
			case !ok:
				cells = append(cells, "-")
			case p.err != nil:
				cells = append(cells, "FAILED")
			default:
				cells = append(cells, strconv.Itoa(p.rounds))
			}
		}
		fmt.Fprintln(table, strings.Join(cells, "\t")+"\t")
	}
	return table.Flush()
}

// totals sums the pairs.
func totals(pairs map[[2]string]pair) (rounds int, failed []string) {
	for names, p := range pairs {
		rounds += p.rounds
		if p.err != nil {
			failed = append(failed, fmt.Sprintf("%s and %s: %v", names[0], names[1], p.err))
		}
	}
	slices.Sort(failed)
	return rounds, failed
}
