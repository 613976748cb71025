package contents

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// Each of these gives the sizes of the files in an archive.

func inZip(content []byte) (map[string]int64, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64)
	for _, f := range z.File {
		sizes[f.Name] = int64(f.UncompressedSize64)
	}
	return sizes, nil
}

func inTarGz(content []byte) (map[string]int64, error) {
	unpacked, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	sizes := make(map[string]int64)
	for t := tar.NewReader(unpacked); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return sizes, nil
		}
		if err != nil {
			return nil, err
		}
		sizes[path.Join(".", strings.TrimPrefix(h.Name, "/"))] = h.Size
	}
}

// inDeb reads the data.tar.gz of an ar archive.
func inDeb(content []byte) (map[string]int64, error) {
	const magic, header = "!<arch>\n", 60
	if !bytes.HasPrefix(content, []byte(magic)) {
		return nil, errors.New("it is no ar archive")
	}
	for rest := content[len(magic):]; len(rest) >= header; {
		name := strings.TrimRight(string(rest[:16]), " /")
		size, err := strconv.Atoi(strings.TrimSpace(string(rest[48:58])))
		if err != nil || size < 0 || size > len(rest)-header {
			return nil, fmt.Errorf("the size of %s in the ar archive: %q", name, rest[48:58])
		}
		if name == "data.tar.gz" {
			return inTarGz(rest[header : header+size])
		}
		rest = rest[min(header+size+size%2, len(rest)):]
	}
	return nil, errors.New("it has no data.tar.gz")
}

// inRPM reads the cpio archive behind the lead, the signature and the header of a package.
func inRPM(content []byte) (map[string]int64, error) {
	const lead, intro, entry = 96, 16, 16
	if !bytes.HasPrefix(content, []byte{0xed, 0xab, 0xee, 0xdb}) {
		return nil, errors.New("it is no RPM package")
	}
	at := lead
	for range 2 {
		at = (at + 7) &^ 7 // the signature is padded to eight bytes
		if at+intro > len(content) || !bytes.HasPrefix(content[at:], []byte{0x8e, 0xad, 0xe8}) {
			return nil, errors.New("its header is cut off")
		}
		entries, size := binary.BigEndian.Uint32(content[at+8:]), binary.BigEndian.Uint32(content[at+12:])
		at += intro + entry*int(entries) + int(size)
	}
	if at > len(content) {
		return nil, errors.New("its header is cut off")
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(content[at:]))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		return nil, err
	}
	return inCPIO(data)
}

// inCPIO reads the "newc" format: a header of hexadecimal numbers, the name, the content, each padded to four bytes.
func inCPIO(data []byte) (map[string]int64, error) {
	const header, sizeAt, nameAt = 110, 54, 94
	padded := func(n int) int { return (n + 3) &^ 3 }
	number := func(at int) (int, error) {
		n, err := strconv.ParseUint(string(data[at:at+8]), 16, 31)
		return int(n), err
	}
	sizes := make(map[string]int64)
	for len(data) >= header && bytes.HasPrefix(data, []byte("07070")) {
		size, err := number(sizeAt)
		length, nameErr := number(nameAt)
		if err = errors.Join(err, nameErr); err != nil {
			return nil, err
		}
		begin := padded(header + length)
		if length == 0 || begin+size > len(data) {
			return nil, errors.New("the cpio archive is cut off")
		}
		name := string(data[header : header+length-1])
		if name == "TRAILER!!!" {
			return sizes, nil
		}
		sizes[path.Join(".", strings.TrimPrefix(name, "/"))] = int64(size)
		data = data[min(padded(begin+size), len(data)):]
	}
	return nil, errors.New("the cpio archive has no end")
}
