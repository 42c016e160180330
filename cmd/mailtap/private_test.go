//go:build unix && !aix

package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What is no file is written to, and not replaced by one: run as root, an
// export to /dev/null would otherwise leave the machine without it.
func TestWritePrivateLeavesDevices(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	go func() {
		f, err := os.Open(pipe)
		if err != nil {
			got <- err.Error()
			return
		}
		defer f.Close()
		data, _ := io.ReadAll(f)
		got <- string(data)
	}()
	if err := writePrivate(pipe, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(pipe)
	if err != nil || info.Mode().IsRegular() {
		t.Fatalf("the pipe became %v, %v", info.Mode(), err)
	}
	if text := <-got; text != "hello" {
		t.Errorf("the pipe's reader got %q", text)
	}
}

// A link stays one; the file that it leads to is replaced, for the user alone.
func TestWritePrivateFollowsLinks(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if err := writePrivate(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	info, _ := os.Stat(file)
	if err != nil || string(data) != "new" || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has %q and mode %v, %v", data, info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", info, err)
	}
}
