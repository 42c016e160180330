package pop3

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// cuts is what a splitter makes of data that comes in pieces of n octets, with
// a block opened behind each line that begins with "+OK". Text that is cut
// differently is the same text.
func cuts(data []byte, n int) (all []byte, log string) {
	var s Splitter
	text := 0
	flush := func() {
		if text > 0 {
			log += fmt.Sprintf("text %d\n", text)
			text = 0
		}
	}
	take := func(f Fragment) {
		sum := 0
		for _, p := range f.Pieces {
			sum += p.Len
		}
		if sum != len(f.Data) {
			panic(fmt.Sprintf("pieces of %d octets for %d", sum, len(f.Data)))
		}
		all = append(all, f.Data...)
		switch f.Kind {
		case Text, More:
			text += len(f.Data)
			if f.Ended {
				flush()
			}
		default:
			flush()
			log += fmt.Sprintf("%d %q\n", f.Kind, f.Data)
			if f.Kind == Line && bytes.HasPrefix(f.Data, []byte("+OK")) {
				s.Open(bytes.HasPrefix(f.Data, []byte("+OK L")), isBare(f.Data))
			}
			if f.Kind == Close {
				log += fmt.Sprintf("%+v\n", s.st)
			}
		}
	}
	for i := 0; len(data) > 0; i++ {
		k := min(n, len(data))
		for part := data[:k]; len(part) > 0; {
			f, used := s.Next(part, time.Unix(int64(i), 0))
			part = part[used:]
			if f.Kind != None {
				take(f)
			}
		}
		data = data[k:]
	}
	if f := s.Flush(); f.Kind != None {
		take(f)
	}
	flush()
	return all, log
}

// FuzzSplitter holds the two properties: the fragments put together are the
// input, and it does not matter how that is cut.
func FuzzSplitter(f *testing.F) {
	f.Add([]byte("+OK\r\n..\r\n.\r\n-ERR\r\n"), 3)
	f.Add([]byte("+OK\n.\n+OK\r\n\n.\n.\r.\r\n"), 1)
	f.Add([]byte("+OK L\r\nTOP\r\n.\r\nx"), 2)
	f.Add([]byte("+OK\r\n."), 1)
	f.Add(bytes.Repeat([]byte("long"), maxLine/4+3), 1000)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		n = 1 + max(n, 0)%70000
		whole, log := cuts(data, len(data)+1)
		parts, again := cuts(data, n)
		if !bytes.Equal(whole, data) || !bytes.Equal(parts, data) {
			t.Fatalf("the fragments of %q are %q and %q", data, whole, parts)
		}
		if log != again {
			t.Fatalf("cut by %d:\n%s\nwhole:\n%s", n, again, log)
		}
	})
}

// FuzzSession feeds both sides of anything, and holds every property that the
// golden sessions have: any cut, live and recorded, each octet in one event.
func FuzzSession(f *testing.F) {
	f.Add("S+OK <a@b>\nCUSER x\nS+OK\nCPASS y\nS+OK\nCRETR 1\nS+OK\nSa: b\nS\nS..\nS.\nCQUIT\nS+OK\n", 3)
	f.Add("S+OK\nCAUTH LOGIN\nS+ VXNlcm5hbWU6\nCYQ==\nS+ UGFzc3dvcmQ6\nCYg==\nS+OK\nCSTAT\nS+OK 1 2\n", 1)
	f.Add("S+OK\nCAUTH SCRAM-SHA-1 biwsbj1hLHI9Yg==\nS+ dj1hYmM=\nC*\nS-ERR\nCCAPA\nS+OK\nSTOP\nS.\n", 2)
	f.Add("S+OK\nCAPOP a b\nS+OK\nCXTND XMIT\nS+OK\nCFrom: x\nC\nC..\nC.\nCNOOP\nS+OK\nS+OK\n", 2)
	f.Fuzz(func(t *testing.T, text string, n int) {
		if len(text) > 2000 {
			return
		}
		chunks := fuzzChunks(text)
		want := play(chunks, wire.Options{})
		sums(t, "whole", chunks, want)
		again := recut(chunks, func() int { return 1 + max(n, 0)%17 })
		r := play(again, wire.Options{})
		same(t, "cut", asJSON(t, r), asJSON(t, want))
		sums(t, "cut", again, r)
		same(t, "recorded", asJSON(t, replay(r, again)), asJSON(t, want))
	})
}

// fuzzChunks reads "Cline", "Sline", "E" (both ends) rows.
func fuzzChunks(text string) []chunk {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var chunks []chunk
	for row := range strings.Lines(text) {
		at = at.Add(time.Millisecond)
		side := event.SideClient
		if row[0] == 'S' {
			side = event.SideServer
		}
		data := row[1:]
		if len(data) > 1 && data[len(data)-2] != '\\' {
			data = strings.TrimSuffix(data, "\n") + "\r\n"
		}
		if data != "" {
			chunks = append(chunks, chunk{side: side, data: []byte(data), at: at})
		}
	}
	return append(chunks, chunk{side: event.SideClient, what: "eof", at: at}, chunk{side: event.SideServer, what: "eof", at: at})
}

// FuzzGate has a gate that does anything: no panic, whatever it says, and the
// record tells what the events do.
func FuzzGate(f *testing.F) {
	f.Add("S+OK\nCCAPA\nS+OK\nSTOP\nS.\nCUSER x\nS+OK\nCRETR 1\nS+OK\nSx\nS.\n", []byte{0, 1, 2, 3, 4, 5, 0, 1})
	f.Fuzz(func(t *testing.T, text string, verdicts []byte) {
		if len(text) > 2000 || len(verdicts) == 0 {
			return
		}
		i := 0
		g := gateFunc(func(u *wire.Unit) wire.Verdict {
			i++
			v := wire.Verdict{Action: wire.Action(verdicts[i%len(verdicts)] % 6), Stop: verdicts[i%len(verdicts)] > 250}
			v.Data, v.Answer = []byte("+OK put\r\n"), []byte("-ERR [AUTH] no\r\n")
			if u.Side == event.SideClient {
				v.Data = []byte("NOOP\r\n")
			}
			return v
		})
		b := newBench(t)
		for _, c := range fuzzChunks(text) {
			if c.what == "eof" {
				b.EOF(c.side, c.at)
				continue
			}
			b.Feed(c.side, c.data, c.at, g)
		}
		var on [3]int64
		for _, it := range b.rec.items {
			if it.Octets != nil {
				on[it.Octets.Side] += int64(len(it.Octets.Data))
			}
		}
		if i := b.Info(); i.BytesC != on[event.SideClient] || i.BytesS != on[event.SideServer] {
			t.Errorf("events have %d and %d octets, the record %d and %d", i.BytesC, i.BytesS, on[event.SideClient], on[event.SideServer])
		}
	})
}

// TestLongLine has lines that are longer than what is kept: they stream, and a
// password stays masked to its end.
func TestLongLine(t *testing.T) {
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	chunks := []chunk{
		{side: event.SideServer, data: []byte("+OK ready\r\n"), at: at},
		{side: event.SideClient, data: []byte("PASS " + strings.Repeat("secret", 30000) + "\r\nNOOP\r\n"), at: at.Add(1)},
		{side: event.SideServer, data: []byte("-ERR " + strings.Repeat("too long ", 20000) + "\r\n+OK\r\n"), at: at.Add(2)},
	}
	whole := play(chunks, wire.Options{})
	for _, n := range []int{1 << 20, 1000, 8191} {
		again := recut(chunks, func() int { return n })
		r := play(again, wire.Options{})
		same(t, fmt.Sprint(n), asJSON(t, r), asJSON(t, whole))
		sums(t, fmt.Sprint(n), again, r)
		same(t, fmt.Sprint(n, " recorded"), asJSON(t, replay(r, again)), asJSON(t, whole))
	}
	for _, it := range whole.items {
		if it.Octets != nil && bytes.Contains(it.Octets.Data, []byte("secret")) || it.Event != nil && strings.Contains(it.Event.Text, "secret") {
			t.Fatal("the password shows")
		}
	}
	e := whole.events[1]
	if want := "line of 180007 octets is over the limit of 65536"; e.Error != want || e.Bytes != 180007 {
		t.Errorf("%d octets, error %q, want %q", e.Bytes, e.Error, want)
	}
}

// message is a block of about 1 MiB.
func message() []byte {
	line := "The quick brown fox jumps over the lazy dog, and back again, and so on.\r\n"
	return []byte("+OK\r\nSubject: x\r\n\r\n" + strings.Repeat(line, 1<<20/len(line)) + ".\r\n")
}

type discard struct{}

func (discard) Octets(*wire.Octets) {}
func (discard) Event(*event.Event)  {}

// loggedIn is a session that waits for nothing.
func loggedIn() *Session {
	s := New(wire.Options{ID: "aaaaaaaaaa", Sink: discard{}})
	s.Feed(event.SideServer, []byte("+OK\r\n"), time.Time{}, nil)
	return s
}

func BenchmarkRETR(b *testing.B) {
	data := message()
	s := loggedIn()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		s.Feed(event.SideClient, []byte("RETR 1\r\n"), time.Time{}, nil)
		for rest := data; len(rest) > 0; {
			n := min(32<<10, len(rest))
			s.Feed(event.SideServer, rest[:n], time.Time{}, nil)
			rest = rest[n:]
		}
	}
}

func BenchmarkShortLines(b *testing.B) {
	c, r := bytes.Repeat([]byte("DELE 1\r\n"), 500), bytes.Repeat([]byte("+OK deleted\r\n"), 500)
	s := loggedIn()
	b.SetBytes(int64(len(c) + len(r)))
	b.ReportAllocs()
	for b.Loop() {
		s.Feed(event.SideClient, c, time.Time{}, nil)
		s.Feed(event.SideServer, r, time.Time{}, nil)
	}
}

func BenchmarkSplitter(b *testing.B) {
	short := bytes.Repeat([]byte("+OK deleted\r\n"), 2000)
	for name, data := range map[string][]byte{"text": message(), "lines": short} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				var s Splitter
				for rest := data; len(rest) > 0; {
					f, n := s.Next(rest, time.Time{})
					if name == "text" && f.Kind == Line {
						s.Open(false, false)
					}
					rest = rest[n:]
				}
			}
		})
	}
}

// TestAllocs keeps the allocations of a message and of a short command from
// growing unnoticed.
func TestAllocs(t *testing.T) {
	data := message()
	s := loggedIn()
	got := testing.AllocsPerRun(20, func() {
		s.Feed(event.SideClient, []byte("RETR 1\r\n"), time.Time{}, nil)
		for rest := data; len(rest) > 0; {
			n := min(32<<10, len(rest))
			s.Feed(event.SideServer, rest[:n], time.Time{}, nil)
			rest = rest[n:]
		}
	})
	if got > 32 {
		t.Errorf("%v allocations for a message of 1 MiB, want at most 32", got)
	}
	got = testing.AllocsPerRun(100, func() {
		s.Feed(event.SideClient, []byte("DELE 1\r\n"), time.Time{}, nil)
		s.Feed(event.SideServer, []byte("+OK deleted\r\n"), time.Time{}, nil)
	})
	if got > 20 {
		t.Errorf("%v allocations for a command and its response, want at most 20", got)
	}
}
