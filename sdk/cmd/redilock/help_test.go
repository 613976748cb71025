//go:build unix

package main_test

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/zferentz/go-redilock/luatest/redistest/server"
	"github.com/zferentz/go-redilock/luatest/testreport"
)

// testHelp holds what --help says against testdata/help, at 80 columns.
func testHelp(t *testing.T, b *bench) {
	for _, command := range []string{
		"", "run", "demo", "acquire", "extend", "release", "inspect", "ls", "leader", "watch", "top", "exporter", "break",
		"scripts", "scripts list", "scripts export", "scripts check", "acl", "version", "completion",
	} {
		args := append(strings.Fields(command), "--help")
		r := b.run(t, args...).want(t, 0)
		name := strings.Join(append([]string{"redilock"}, strings.Fields(command)...), "-")
		golden(t, "help/"+name+".txt", r.out)
		for line := range strings.Lines(r.out) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
		if command != "" && command != "scripts" && command != "scripts list" && command != "version" &&
			!strings.Contains(r.out, "Example") && command != "demo" {
			t.Errorf("%s has no example", name)
		}
	}
}

// testUsage: what cannot be understood gets one line that says what to do, and nothing is asked of a server.
func testUsage(t *testing.T, b *bench) {
	for _, test := range []struct{ args, says string }{
		{"", "expected one of"},
		{"nonsense", "nonsense"},
		{"acquire", `expected "<name>"`},
		{"acquire x --ttl soon", "is no duration"},
		{"acquire x --nonsense", "--nonsense"},
		{"acquire x -n -w 1s", "can't be used together"},
		{"inspect", `expected "<name> ..."`},
		{"exporter --interval 1ms", "10ms or longer"},
		{"exporter --max-locks 0", "1 or more"},
		{"exporter --listen nonsense", "--listen"},
		{"run --limit 0 x -- true", "--limit is 1 to 2147483647, not 0"},
		{"run --limit 2147483648 x -- true", "--limit is 1 to 2147483647, not 2147483648"},
		{"run --limit=-1 x -- true", "--limit is 1 to 2147483647, not -1"},
		{"run --limit many x -- true", "many"},
		{"run --limit 3 --weight 0 x -- true", "--weight is 1 to the --limit of 3, not 0"},
		{"run --limit 3 --weight 4 x -- true", "--weight is 1 to the --limit of 3, not 4"},
		{"run --weight 2 x -- true", "--limit, which is missing"},
		{"run --shared --weight 2 x -- true", "--limit, which is missing"},
		{"run --shared --exclusive x -- true", "can't be used together"},
		{"run --limit 3 --shared x -- true", "can't be used together"},
		{"run --limit 3 -a x -- true", "the locks of -a are mutexes"},
		{"run --exclusive -a x -a y -- true", "the locks of -a are mutexes"},
		{"run --replicas 0 x -- true", "--replicas is 1 or more, not 0"},
		{"run --replicas 1 --replicas-timeout 16s x -- true", "half of --ttl, 15s here"},
		{"run --replicas 1 --replicas-timeout 0 x -- true", "--replicas-timeout is 1ms"},
		{"run --replicas-timeout 1s x -- true", "--replicas, which is missing"},
		{"acquire --limit 0 x", "--limit is 1 to 2147483647, not 0"},
		{"break --fence soon x", "soon"},
		{"break --fence 1 --all x", "can't be used together"},
		{"scripts nonsense", "nonsense"},
		{"completion tcsh", "tcsh"},
		{"--redis nonsense inspect x", "is no URL"},
		{"--redis http://localhost inspect x", "scheme"},
		{"--password-file /nonsense inspect x", "no such file"},
	} {
		b.run(t, strings.Fields(test.args)...).want(t, 125).says(t, test.says)
	}
}

// lockedBuffer can be written by a process while it is read.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// testCompletion asks real shells, those that there are.
func testCompletion(t *testing.T, b *bench) {
	for shell, test := range map[string]struct{ args []string }{
		"bash": {[]string{"--norc", "--noprofile", "-c", `
source <(redilock completion bash)
ask() { COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); COMPREPLY=(); _redilock; echo "${COMPREPLY[@]}"; }
ask redilock re
ask redilock scripts ''
ask redilock run --max
ask redilock --log-format = j
ask redilock run x -- l`}},
		"zsh": {[]string{"-f", "-c", `
compdef() { :; }
_describe() { echo ${${(P)2}%%:*}; }
_files() { echo; }
source <(redilock completion zsh)
ask() { words=("$@"); CURRENT=$#words; _redilock; }
ask redilock re
ask redilock scripts ''
ask redilock run --max
ask redilock --log-format j
ask redilock run x -- l`}},
		"fish": {[]string{"--no-config", "-c", `
redilock completion fish | source
for line in 'redilock re' 'redilock scripts ' 'redilock run --max' 'redilock --log-format j' 'redilock run x -- /nonsense'
    echo (complete -C $line | string split -f1 \t)
end`}},
	} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				testreport.Report(t, testreport.Row{
					Section: "completion", Subject: shell, Skipped: 1, Notes: []string{"NOT PROVEN HERE: " + err.Error()},
				})
				server.Missing(t, err.Error())
			}
			cmd := exec.CommandContext(t.Context(), path, test.args...)
			dir := b.program[:strings.LastIndexByte(b.program, '/')]
			cmd.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
			r := finish(t, cmd).want(t, 0)
			r.prints(t, "release\nlist export check\n--max-hold\njson\n\n")
			row := testreport.Row{Section: "completion", Subject: shell, Passed: 1}
			if t.Failed() {
				row.Passed, row.Failed = 0, 1
			}
			testreport.Report(t, row)
		})
	}
}
