package redilock_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/api.txt")

// The public API is reviewed as one file: whatever changes it shows there.
func TestAPI(t *testing.T) {
	t.Parallel()
	got := publicAPI(t)
	const golden = "testdata/api.txt"
	if *update {
		write(t, golden, []byte(got))
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the public API is not that of %s; if it is meant to change: go test ./sdk/redilock -run TestAPI -update\n"+
			"%s", golden, got)
	}
}

// Every exported function and method has an Example, or a reason here.
func TestExamples(t *testing.T) {
	t.Parallel()
	reasons := map[string]string{
		"Client.Close": "in ExampleNew", "Client.Mutex": "in every example", "Mutex.Name": "in ExampleNew",
		"Lock.Name": "in ExampleClient_Do", "Lock.Token": "in ExampleClient_Attach", "Lock.Fence": "in Example",
		"Lock.Deadline": "in ExampleMutex_Lock", "Lock.Unlock": "in ExampleMutex_Lock", "WithAutoExtend": "in Example",
		"WithMaxHold": "in ExampleClient_Do", "WithOwner": "in ExampleNew", "WithPrefix": "in ExampleNew",
		"WithPollInterval": "in ExampleWithLogger", "WithTrace": "in ExampleTrace",
		"Error.Error": "fmt calls it", "Error.Unwrap": "errors calls it", "HeldError.Error": "fmt calls it",
		"HeldError.Is": "errors calls it", "Mutex.Key": "in ExampleNew", "Lock.Key": "as Mutex.Key, in ExampleNew",
		"Way.String": "in ExampleTrace", "Multi.Do": "in ExampleClient_Multi", "MultiLock.Locks": "in ExampleClient_Multi",
		"MultiLock.Fence": "in ExampleClient_Multi", "MultiLock.Deadline": "in ExampleMulti_Lock",
		"MultiLock.Context": "in ExampleMulti_Lock", "MultiLock.Extend": "in ExampleMulti_Lock",
		"MultiLock.Unlock": "in ExampleMulti_Lock", "RWMutex.Reader": "in ExampleClient_Multi",
		"RWMutex.Writer": "as RWMutex.Reader, in ExampleClient_Multi", "Semaphore.Permits": "in ExampleClient_Multi",
		"Client.Election": "in ExampleElection_Run", "Election.Name": "as Mutex.Name",
		"Election.Leader": "in ExampleElection_Campaign", "Leadership.Value": "in ExampleElection_Run",
		"Leadership.Fence": "in ExampleElection_Campaign", "Leadership.Deadline": "as Lock.Deadline",
		"Leadership.Context": "in ExampleElection_Campaign", "Leadership.Resign": "in ExampleElection_Campaign",
		"ReplicasError.Error": "fmt calls it", "ReplicasError.Is": "errors calls it",
		"Lock.Weight": "in ExampleLock_Shrink", "Client.Semaphore": "in ExampleSemaphore",
		"Client.RWMutex": "in ExampleRWMutex", "Client.InspectSemaphore": "in ExampleClient_BreakSemaphore",
		"Semaphore.Do": "in ExampleSemaphore", "Semaphore.Name": "as Mutex.Name, in ExampleNew",
		"Semaphore.Key": "as Mutex.Key, in ExampleNew", "Semaphore.Limit": "what Client.Semaphore was given",
		"RWMutex.Name": "as Mutex.Name, in ExampleNew", "RWMutex.Key": "as Mutex.Key, in ExampleNew",
		"RWMutex.Do": "in ExampleRWMutex", "RWMutex.RDo": "in ExampleRWMutex", "RWMutex.Lock": "in ExampleLock_Downgrade",
		"RWMutex.TryLock": "in ExampleLock_Downgrade", "RWMutex.TryRLock": "in ExampleLock_Downgrade",
		"RWMutex.RLock": "as RWMutex.Lock, in ExampleLock_Downgrade",
	}
	p := docOf(t)
	check := func(name string, f *doc.Func) {
		if f.Doc == "" && !strings.HasSuffix(name, ".Error") && !strings.HasSuffix(name, ".Unwrap") {
			t.Errorf("%s has no comment", name)
		}
		if len(f.Examples) == 0 && reasons[name] == "" {
			t.Errorf("%s has no Example, and no reason why", name)
		}
	}
	for _, f := range p.Funcs {
		check(f.Name, f)
	}
	for _, typ := range p.Types {
		for _, f := range typ.Funcs {
			check(f.Name, f)
		}
		for _, f := range typ.Methods {
			check(typ.Name+"."+f.Name, f)
		}
	}
	if len(p.Examples) == 0 {
		t.Error("the package has no Example of its own")
	}
}

// What a program that locks has to download and link: go-redis and the standard library.
func TestImports(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		switch {
		case strings.HasPrefix(path, "github.com/redis/go-redis/"):
		case slices.Contains([]string{"github.com/cespare/xxhash/v2", "go.uber.org/atomic", "golang.org/x/sys/cpu"}, path):
			// go-redis' own
		case strings.HasPrefix(path, "github.com/zferentz/go-redilock/sdk/"):
		default:
			t.Errorf("package redilock imports %s", path)
		}
	}
}

func docOf(t *testing.T) *doc.Package {
	t.Helper()
	fset := token.NewFileSet()
	entries, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range entries {
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	p, err := doc.NewFromFiles(fset, files, "github.com/zferentz/go-redilock/sdk/redilock")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// publicAPI prints every exported declaration without comments and bodies.
func publicAPI(t *testing.T) string {
	t.Helper()
	fset := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(f)
		for _, d := range f.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
				continue
			}
			if f, ok := d.(*ast.FuncDecl); ok {
				f.Body = nil
				if !receiverExported(f) {
					continue
				}
			}
			var b bytes.Buffer
			if err := printer.Fprint(&b, fset, d); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, b.String())
		}
	}
	slices.Sort(lines)
	return fmt.Sprintln(strings.Join(lines, "\n\n"))
}

func receiverExported(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	typ := f.Recv.List[0].Type
	if p, ok := typ.(*ast.StarExpr); ok {
		typ = p.X
	}
	return typ.(*ast.Ident).IsExported()
}
