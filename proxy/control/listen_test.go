package control

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSocketIsNeverOpenToOthers(t *testing.T) {
	dir := t.TempDir()
	l, _ := serve(t, "unix:"+filepath.Join(dir, "new", "s.sock"), NewHistory(0), ListenOptions{})
	path := strings.TrimPrefix(l.Address, "unix:")
	for p, want := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("mode of %s: %v, %v, want %04o", p, info.Mode(), err, want)
		}
	}
	open := filepath.Join(dir, "open")
	if err := errors.Join(os.Mkdir(open, 0o755), os.Chmod(open, 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen("unix:"+filepath.Join(open, "s.sock"), ListenOptions{}); err == nil || !strings.Contains(err.Error(), "open to others") {
		t.Errorf("Listen in a directory open to others = %v", err)
	}
	if err := os.Symlink(filepath.Dir(path), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen("unix:"+filepath.Join(dir, "link", "t.sock"), ListenOptions{}); err == nil || !strings.Contains(err.Error(), "is no directory") {
		t.Errorf("Listen behind a link = %v", err)
	}
	if _, err := Listen("unix:"+filepath.Join(dir, strings.Repeat("x", 120), "s.sock"), ListenOptions{}); err == nil || !strings.Contains(err.Error(), "name a shorter one") {
		t.Errorf("Listen on a long path = %v", err)
	}
}

// At auto a viewer trusts no directory that is open to others: who can put a
// socket there could show what they like.
func TestAutoIsNotAnothers(t *testing.T) {
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	h := NewHistory(0)
	l, _ := serve(t, Auto, h, ListenOptions{})
	dial(t, Auto, DialOptions{})
	if err := os.Chmod(filepath.Dir(strings.TrimPrefix(l.Address, "unix:")), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(t.Context(), Auto, DialOptions{}); err == nil || !strings.Contains(err.Error(), "is open to others") {
		t.Errorf("Dial = %v", err)
	}
}

func TestStaleSocketIsReplacedAndALiveOneIsNot(t *testing.T) {
	address := socket(t)
	path := strings.TrimPrefix(address, "unix:")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	serve(t, address, NewHistory(0), ListenOptions{})
	if _, err := Listen(address, ListenOptions{}); !errors.Is(err, ErrRunning) {
		t.Errorf("Listen beside a live one = %v, want ErrRunning", err)
	}
	dial(t, address, DialOptions{})
	file := filepath.Join(filepath.Dir(path), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen("unix:"+file, ListenOptions{}); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("Listen on a file = %v", err)
	}
}

func TestOfTwoThatStartOneListens(t *testing.T) {
	address := socket(t)
	var wg sync.WaitGroup
	listeners, errs := make([]*Listener, 8), make([]error, 8)
	for i := range listeners {
		wg.Go(func() { listeners[i], errs[i] = Listen(address, ListenOptions{}) })
	}
	wg.Wait()
	n := 0
	for i, l := range listeners {
		if l != nil {
			n++
			l.Close()
		} else if !errors.Is(errs[i], ErrRunning) {
			t.Error(errs[i])
		}
	}
	if n != 1 {
		t.Errorf("%d listen, want 1", n)
	}
}

func TestSocketGoesWithTheServer(t *testing.T) {
	l, err := Listen(socket(t), ListenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h := NewHistory(0)
	s := NewServer(l, Config{History: h, Failed: func(err error) { t.Error(err) }})
	s.Start()
	h.Close()
	if err := s.Close(time.Second); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(strings.TrimPrefix(l.Address, "unix:")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}
