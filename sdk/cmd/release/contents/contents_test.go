package contents_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/sdk/cmd/release/contents"
)

const text = "x\n"

func gzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(content)
	noError(t, err)
	noError(t, z.Close())
	return b.Bytes()
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func tarGz(t *testing.T, names []string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		noError(t, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644}))
		_, err := w.Write([]byte(text))
		noError(t, err)
	}
	noError(t, w.Close())
	return gzipped(t, b.Bytes())
}

func zipped(t *testing.T, names []string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.Create(name)
		noError(t, err)
		_, err = w.Write([]byte(text))
		noError(t, err)
	}
	noError(t, z.Close())
	return b.Bytes()
}

func deb(t *testing.T, names []string) []byte {
	t.Helper()
	b := []byte("!<arch>\n")
	for _, member := range []struct {
		name    string
		content []byte
	}{{"debian-binary", []byte("2.0")}, {"data.tar.gz", tarGz(t, names)}} {
		b = fmt.Appendf(b, "%-16s%-12d%-6d%-6d%-8s%-10d`\n%s",
			member.name, 0, 0, 0, "100644", len(member.content), member.content)
		if len(member.content)%2 == 1 {
			b = append(b, '\n')
		}
	}
	return b
}

func rpm(t *testing.T, names []string) []byte {
	t.Helper()
	b := make([]byte, 96)
	copy(b, []byte{0xed, 0xab, 0xee, 0xdb})
	for _, size := range []uint32{5, 8} {
		b = append(b, make([]byte, (8-len(b)%8)%8)...)
		b = append(b, 0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0, 0, 0, 0, 0)
		b = append(binary.BigEndian.AppendUint32(b, size), make([]byte, size)...)
	}
	var cpio []byte
	pad := func() { cpio = append(cpio, make([]byte, (4-len(cpio)%4)%4)...) }
	for _, name := range append(slices.Clone(names), "TRAILER!!!") {
		content := text
		if name == "TRAILER!!!" {
			content = ""
		}
		numbers := []int{0, 0, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0}
		cpio = append(cpio, "070701"...)
		for _, n := range numbers {
			cpio = fmt.Appendf(cpio, "%08x", n)
		}
		cpio = append(cpio, name+"\x00"...)
		pad()
		cpio = append(cpio, content...)
		pad()
	}
	return append(b, gzipped(t, cpio)...)
}

// release is what goreleaser makes, in small, without one file of one archive.
func release(t *testing.T, archive, without string) (dir, scripts string, files map[string][]byte) {
	t.Helper()
	scripts = t.TempDir()
	noError(t, os.WriteFile(filepath.Join(scripts, "manifest.json"), []byte(text), 0o600))
	files = make(map[string][]byte)
	put := func(name string, pack func(*testing.T, []string) []byte, inside ...string) {
		if name == archive {
			inside = slices.DeleteFunc(inside, func(f string) bool { return strings.TrimPrefix(f, "/") == without })
		}
		files[name] = pack(t, inside)
	}
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, arch := range []string{"amd64", "arm64"} {
			name, program, pack, end := "redilock_1.2.3_"+system+"_"+arch, "redilock", tarGz, ".tar.gz"
			if system == "windows" {
				program, pack, end = "redilock.exe", zipped, ".zip"
			}
			put(name+end, pack, "LICENSE", "README.md", "CHANGELOG.md", program, "share/redilock.1", "share/redilock.bash",
				"share/_redilock", "share/redilock.fish")
			files[name+".cdx.json"] = []byte(`{"bomFormat": "CycloneDX",
				"components": [{"name": "github.com/redis/go-redis/v9"}]}`)
			if system != "linux" {
				continue
			}
			for end, pack := range map[string]func(*testing.T, []string) []byte{".deb": deb, ".rpm": rpm} {
				put(name+end, pack, "/usr/bin/redilock", "/usr/share/man/man1/redilock.1",
					"/usr/share/bash-completion/completions/redilock", "/usr/share/zsh/vendor-completions/_redilock",
					"/usr/share/fish/vendor_completions.d/redilock.fish", "/usr/share/doc/redilock/copyright")
			}
		}
	}
	put("redilock_1.2.3_scripts.tar.gz", tarGz, "LICENSE", "lua/README.md", "lua/dist/manifest.json")
	return t.TempDir(), scripts, files
}

func fill(t *testing.T, dir string, files map[string][]byte, unsummed string) {
	t.Helper()
	sums := ""
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if name != unsummed {
			sums += fmt.Sprintf("%x  %s\n", sha256.Sum256(files[name]), name)
		}
		noError(t, os.WriteFile(filepath.Join(dir, name), files[name], 0o600))
	}
	noError(t, os.WriteFile(filepath.Join(dir, "checksums.txt"), []byte(sums), 0o600))
}

// TestCheck: a release as it should be passes, and whatever one lacks is named.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		archive, without string
		change           func(dir string, files map[string][]byte)
		unsummed         string
		want             string
	}{
		"whole":      {},
		"no program": {archive: "redilock_1.2.3_darwin_arm64.tar.gz", without: "redilock", want: "gz lacks redilock"},
		"no licence": {archive: "redilock_1.2.3_windows_amd64.zip", without: "LICENSE", want: "amd64.zip lacks LICENSE"},
		"deb":        {archive: "redilock_1.2.3_linux_amd64.deb", without: "usr/bin/redilock", want: "deb lacks usr/bin"},
		"rpm": {
			archive: "redilock_1.2.3_linux_arm64.rpm", without: "usr/share/man/man1/redilock.1", want: "rpm lacks usr/share",
		},
		"script": {
			archive: "redilock_1.2.3_scripts.tar.gz", without: "lua/dist/manifest.json", want: "lacks lua/dist",
		},
		"no archive": {
			change: func(_ string, files map[string][]byte) { delete(files, "redilock_1.2.3_linux_arm64.tar.gz") },
			want:   "there is not one redilock_*_linux_arm64.tar.gz but 0",
		},
		"bill": {
			change: func(_ string, files map[string][]byte) { files["redilock_1.2.3_linux_arm64.cdx.json"] = []byte("{}") },
			want:   "arm64.cdx.json is no bill",
		},
		"cut off": {
			change: func(_ string, files map[string][]byte) {
				const name = "redilock_1.2.3_linux_amd64.rpm"
				files[name] = files[name][:110]
			},
			want: "amd64.rpm: its header is cut off",
		},
		"no checksum": {
			unsummed: "redilock_1.2.3_linux_amd64.deb", want: "checksums.txt does not have redilock_1.2.3_linux_amd64.deb",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, scripts, files := release(t, test.archive, test.without)
			if test.change != nil {
				test.change(dir, files)
			}
			fill(t, dir, files, test.unsummed)
			err := contents.Check(dir, scripts)
			if got := fmt.Sprint(err); (test.want == "") != (err == nil) || !strings.Contains(got, test.want) && err != nil {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestChecksum: a file that is not the one that was summed is noticed.
func TestChecksum(t *testing.T) {
	t.Parallel()
	dir, scripts, files := release(t, "", "")
	fill(t, dir, files, "")
	const name = "redilock_1.2.3_linux_amd64.deb"
	noError(t, os.WriteFile(filepath.Join(dir, name), append(files[name], '\n'), 0o600))
	if err := contents.Check(dir, scripts); err == nil || !strings.Contains(err.Error(), "sum of "+name+" is wrong") {
		t.Error(err)
	}
}
