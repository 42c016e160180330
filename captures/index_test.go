package captures

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// interleaved is a capture of n sessions at once, and the sessions.
func interleaved(t *testing.T, n int) (path string, sessions []*live) {
	t.Helper()
	var all []wire.Item
	longest := 0
	for i := range n {
		l := everything(fmt.Sprintf("S%09d", i))
		sessions = append(sessions, l)
		longest = max(longest, len(l.items))
	}
	for i := range longest {
		for k, l := range sessions {
			if i >= 5*k { // each begins a little later
				all = append(all, part(l.items, i-5*k, 1)...)
			}
		}
	}
	for k, l := range sessions {
		all = append(all, part(l.items, longest-5*k, 5*k)...)
	}
	return record(t, Options{}, all), sessions
}

// Sessions with equal addresses and ports, all at once, are told apart.
func TestManySessions(t *testing.T) {
	path, sessions := interleaved(t, 5)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.newParse = newLineSession
	told := map[string]bool{} // closed or not
	r.Found = func(s *Session) { told[s.ID] = s.Close != nil }
	list, err := r.Sessions()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range sessions {
		if !told[l.id] {
			t.Errorf("session %s was not told of, or not when it closed", l.id)
		}
	}
	if len(list) != len(sessions) {
		t.Fatalf("%d sessions, want %d", len(list), len(sessions))
	}
	for i, l := range sessions {
		s := list[i]
		info := l.Info()
		if s.ID != l.id || s.Proto != event.IMAP || s.Octets != [2]int64{info.BytesC, info.BytesS} ||
			s.Client != "192.0.2.1:40000" || s.Server != "198.51.100.7:993" || s.Close == nil || s.Findings != 2 ||
			s.Worst == event.SeverityNone || s.TLS[client].Version != "TLS 1.3" {
			t.Errorf("session %d is %+v", i, s)
		}
		var items []wire.Item
		err := r.WalkSession(l.id, func(item wire.Item) error {
			k := kept{id: item.Session}
			if item.Octets != nil {
				k.Octets(item.Octets)
				item = k.items[0]
			}
			items = append(items, item)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		compareItems(t, items, l.items)
		compareItems(t, mustRead(t, path+"#"+l.id, newLineSession), l.items)
	}
	if _, err := read(t, path+"#NOSUCH", newLineSession); err == nil || !strings.Contains(err.Error(), `no session "NOSUCH"`) {
		t.Errorf("a session that is not there: %v", err)
	}
}

// Several goroutines may read a capture by one index.
func TestAgain(t *testing.T) {
	path, sessions := interleaved(t, 4)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.newParse = newLineSession
	if _, err := r.Sessions(); err != nil {
		t.Fatal(err)
	}
	got := make([][]wire.Item, len(sessions))
	var all sync.WaitGroup
	for i, l := range sessions {
		again := r.Again()
		again.session = l.id
		all.Go(func() {
			got[i], _ = walkItems(again)
			again.Close()
		})
	}
	all.Wait()
	for i, l := range sessions {
		compareItems(t, got[i], l.items)
	}
}

// One session is taken out of a big file without reading the rest.
func TestOneOfMany(t *testing.T) {
	var all []wire.Item
	for i := range 50 {
		all = append(all, everything(fmt.Sprintf("S%09d", i)).items...)
	}
	path := record(t, Options{}, all)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	r.newParse = newLineSession
	if _, err := r.Sessions(); err != nil {
		t.Fatal(err)
	}
	var from, to int64
	r.Progress = func(read, size int64) {
		if from == 0 {
			from = read
		}
		to = max(to, read)
		if size != r.size || read > size {
			t.Errorf("%d of %d octets", read, size)
		}
	}
	n := 0
	if err := r.WalkSession("S000000049", func(wire.Item) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	if n == 0 || from < r.size*3/4 {
		t.Errorf("%d items; reading began at %d of %d", n, from, r.size)
	}
}

func TestPacked(t *testing.T) {
	l := short("AAAAAAAAAA", event.POP3)
	plain := mustReadFile(t, record(t, Options{}, l.items))
	pack := func(name string, w func(io.Writer) io.WriteCloser) {
		path := filepath.Join(t.TempDir(), name)
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		z := w(f)
		if _, err := z.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(z.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		compareItems(t, mustRead(t, path, newLineSession), l.items)
		whole := mustReadFile(t, path)
		for _, n := range []int{len(whole) - 1, len(whole) / 2} {
			_, err := read(t, writeTemp(t, whole[:n]), newLineSession)
			mustBeCut(t, err)
		}
	}
	pack("c.pcapng.gz", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) })
	pack("c.pcapng.zst", func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z })
}

func TestParseName(t *testing.T) {
	dir := t.TempDir()
	odd := filepath.Join(dir, "mail#2.pcapng")
	if err := os.WriteFile(odd, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, path, session string }{
		{"a.pcapng", "a.pcapng", ""},
		{"a.pcapng#ABC", "a.pcapng", "ABC"},
		{odd, odd, ""},
		{odd + "#ABC", odd, "ABC"},
	} {
		if path, session := ParseName(tt.name); path != tt.path || session != tt.session {
			t.Errorf("ParseName(%q) = %q, %q", tt.name, path, session)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct{ name, data, want string }{
		{"text", "Dear diary", "neither pcapng nor pcap"},
		{"empty", "", "it is empty"},
		{"packed text", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", "cut"},
	} {
		path := filepath.Join(dir, tt.name)
		if err := os.WriteFile(path, []byte(tt.data), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, err := Open(dir); err == nil {
		t.Error("a directory was opened")
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
