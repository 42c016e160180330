package captures_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"mailtap/captures"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// manySessions records n short POP3 sessions that each fetch a message of that
// many octets, and gives the file.
func manySessions(tb testing.TB, n, size int) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "many.pcapng")
	w, err := captures.Create(path, captures.Options{Version: "1.0"})
	if err != nil {
		tb.Fatal(err)
	}
	body := []byte(strings.Repeat(strings.Repeat("x", 70)+"\r\n", size/72))
	for i := range n {
		id := fmt.Sprintf("S%09d", i)
		at := began.Add(time.Duration(i) * time.Millisecond)
		who := &event.Context{Session: id, Proto: event.POP3}
		items := []wire.Item{
			{Event: &event.Event{Context: who, Kind: event.KindSessionOpen, Time: at, Route: &event.Route{Client: fmt.Sprintf("192.0.2.1:%d", 10000+i%50000)}}},
			{Event: &event.Event{Context: who, Kind: event.KindUpstreamOpen, Time: at, Route: &event.Route{Server: "198.51.100.7:995"}}},
		}
		say := func(side event.Side, data []byte) {
			items = append(items, wire.Item{Octets: &wire.Octets{Side: side, Data: data, Time: at}})
		}
		say(event.SideServer, []byte("+OK\r\n"))
		say(event.SideClient, []byte("RETR 1\r\n"))
		say(event.SideServer, []byte("+OK\r\n"))
		say(event.SideServer, body)
		say(event.SideServer, []byte(".\r\n"))
		items = append(items, wire.Item{Event: &event.Event{Context: who, Kind: event.KindSessionClose, Time: at, Close: &event.Close{By: event.SideClient}}})
		for k := range items {
			items[k].Session = id
		}
		if err := w.Write(items); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

// Reading needs no more memory for a long capture than for a short one.
func TestReaderMemory(t *testing.T) {
	use := func(n int) uint64 {
		r, err := captures.Open(manySessions(t, n, 2000))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		seen, peak := 0, uint64(0)
		err = r.Walk(func(item wire.Item) error {
			if seen++; seen%2000 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return peak
	}
	short, long := use(2000), use(10000)
	if long > short+4<<20 {
		t.Errorf("%d octets for 2000 sessions, %d for 10000", short, long)
	}
}

// BenchmarkReader reads a capture: whole, parsed; and its list of sessions.
func BenchmarkReader(b *testing.B) {
	path := manySessions(b, 200, 200_000)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	for _, bb := range []struct {
		name string
		read func(r *captures.Reader) error
	}{
		{"walk", func(r *captures.Reader) error { return r.Walk(func(wire.Item) error { return nil }) }},
		{"sessions", func(r *captures.Reader) error { _, err := r.Sessions(); return err }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(info.Size())
			for b.Loop() {
				r, err := captures.Open(path)
				if err == nil {
					err = bb.read(r)
					r.Close()
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
