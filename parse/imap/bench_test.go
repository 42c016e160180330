package imap

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// void is a sink that keeps nothing.
type void struct{ events, octets int }

func (v *void) Octets(o *wire.Octets) { v.octets++ }
func (v *void) Event(e *event.Event)  { v.events++ }

// stream is a server's answer to FETCH: n times line.
func stream(n int, line string) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, line, i+1)
	}
	return b.Bytes()
}

var (
	flagLines    = stream(1000, "* %d FETCH (FLAGS (\\Seen \\Answered) UID 12345)\r\n")
	literalLines = stream(8, "* %d FETCH (UID 12 BODY[] {1048576}\r\nSubject: x\r\n\r\n"+string(bytes.Repeat([]byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n"), 1<<14)[:1<<20-14])+")\r\n")
)

func benchmarkSplitter(b *testing.B, data []byte) {
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		s := Splitter{Server: true}
		for rest := data; len(rest) > 0; {
			n := min(32<<10, len(rest))
			s.Feed(rest[:n], func(Fragment) {})
			rest = rest[n:]
		}
	}
}

func BenchmarkSplitterLines(b *testing.B)    { benchmarkSplitter(b, flagLines) }
func BenchmarkSplitterLiterals(b *testing.B) { benchmarkSplitter(b, literalLines) }

// BenchmarkScan is what the splitter is measured against: a bare search for line ends.
func BenchmarkScan(b *testing.B) {
	b.SetBytes(int64(len(flagLines)))
	for b.Loop() {
		for rest := flagLines; len(rest) > 0; {
			rest = rest[bytes.IndexByte(rest, '\n')+1:]
		}
	}
}

func benchmarkSession(b *testing.B, data []byte) {
	s := New(wire.Options{ID: "AAAAAAAAAA", Sink: &void{}})
	s.Feed(event.SideServer, []byte("* PREAUTH ready\r\n"), start, nil)
	s.Feed(event.SideClient, []byte("a FETCH 1:* (FLAGS)\r\n"), start, nil)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for rest := data; len(rest) > 0; {
			n := min(32<<10, len(rest))
			s.Feed(event.SideServer, rest[:n], start, nil)
			rest = rest[n:]
		}
	}
}

func BenchmarkSessionLines(b *testing.B)    { benchmarkSession(b, flagLines) }
func BenchmarkSessionLiterals(b *testing.B) { benchmarkSession(b, literalLines) }

// BenchmarkSessionNoop is a command and its completion.
func BenchmarkSessionNoop(b *testing.B) {
	s := New(wire.Options{ID: "AAAAAAAAAA", Sink: &void{}})
	s.Feed(event.SideServer, []byte("* PREAUTH ready\r\n"), start, nil)
	command, answer := []byte("a1 NOOP\r\n"), []byte("a1 OK done\r\n")
	b.SetBytes(int64(len(command) + len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		s.Feed(event.SideClient, command, start, nil)
		s.Feed(event.SideServer, answer, start.Add(time.Millisecond), nil)
	}
}

// TestAllocations holds what an event costs: the event, its text, and what the
// grammar makes of it; octets of a literal cost nothing.
func TestAllocations(t *testing.T) {
	s := New(wire.Options{ID: "AAAAAAAAAA", Sink: &void{}})
	s.Feed(event.SideServer, []byte("* PREAUTH ready\r\n"), start, nil)
	command, answer := []byte("a1 NOOP\r\n"), []byte("a1 OK done\r\n")
	got := testing.AllocsPerRun(100, func() {
		s.Feed(event.SideClient, command, start, nil)
		s.Feed(event.SideServer, answer, start, nil)
	})
	if got > 12 {
		t.Errorf("a NOOP and its OK take %v allocations, want at most 12", got)
	}
	s.Feed(event.SideServer, []byte("* 1 FETCH (BODY[] {100000000}\r\n"), start, nil)
	body := bytes.Repeat([]byte("x"), 32<<10)
	s.Feed(event.SideServer, bytes.Repeat(body, 4), start, nil) // fills the head
	got = testing.AllocsPerRun(100, func() { s.Feed(event.SideServer, body, start, nil) })
	if got > 0 {
		t.Errorf("octets of a literal take %v allocations, want none", got)
	}
}

// TestIdleMemory holds what a session keeps once its traffic is over.
func TestIdleMemory(t *testing.T) {
	const sessions, most = 500, 6 << 10
	mail := stream(3, "* %d FETCH (UID 12 BODY[] {70000}\r\n"+string(bytes.Repeat([]byte("x"), 70000))+")\r\n")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	open := make([]*Session, sessions)
	for i := range open {
		s := New(wire.Options{ID: "AAAAAAAAAA", Sink: &void{}})
		s.Feed(event.SideServer, []byte("* OK ready\r\n"), start, nil)
		s.Feed(event.SideClient, []byte("a1 LOGIN alice \"sesame\"\r\n"), start, nil)
		s.Feed(event.SideServer, []byte("a1 OK done\r\n"), start, nil)
		s.Feed(event.SideServer, mail, start, nil)
		s.Feed(event.SideClient, []byte("a2 IDLE\r\n"), start, nil)
		open[i] = s
	}
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / sessions
	if each > most {
		t.Errorf("an idle session keeps %d octets, want at most %d", each, most)
	}
	runtime.KeepAlive(open)
	t.Logf("%d octets each", each)
}
