package child

import (
	"bytes"
	"os"
	"strconv"
)

// process is a line of /proc.
type process struct {
	pid, parent, group int
	name               string
}

// below lists the living processes below root, without root; parents come before their children.
func below(root int) []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	all := make(map[int]process, len(entries))
	children := make(map[int][]int, len(entries))
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		p, ok := parse(stat)
		if !ok {
			continue
		}
		p.pid = pid
		all[pid] = p
		children[p.parent] = append(children[p.parent], pid)
	}
	var found []process
	for queue := children[root]; len(queue) > 0; queue = queue[1:] {
		found = append(found, all[queue[0]])
		queue = append(queue, children[queue[0]]...)
	}
	return found
}

// parse reads a stat file, see proc_pid_stat(5). A process that is dead and waits to be reaped does not count; its children
// have another parent by then.
func parse(stat []byte) (p process, alive bool) {
	// The name, in parentheses, may hold anything: the fields are counted from its end.
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return p, false
	}
	f := bytes.Fields(stat[end+1:])
	if len(f) < 3 || f[0][0] == 'Z' || f[0][0] == 'X' {
		return p, false
	}
	p.name = string(stat[open+1 : end])
	p.parent, _ = strconv.Atoi(string(f[1]))
	p.group, _ = strconv.Atoi(string(f[2]))
	return p, true
}
