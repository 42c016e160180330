package imap

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// seeds are the wires of all transcripts, one side's octets at a time.
func seeds(f *testing.F, add func(chunks []chunk)) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatalf("reading transcript: %v", err)
		}
		add(wireChunks(f, part(archive, "wire")))
	}
}

// FuzzSplitter: the fragments put together are the input, and any chunking
// gives the same lines and literals.
func FuzzSplitter(f *testing.F) {
	seeds(f, func(chunks []chunk) {
		for _, side := range []event.Side{event.SideClient, event.SideServer} {
			var data []byte
			for _, c := range chunks {
				if c.side == side {
					data = append(data, c.data...)
				}
			}
			f.Add(data, side == event.SideServer, uint64(1))
		}
	})
	f.Add(bytes.Repeat([]byte("x"), 2*maxLine+7), false, uint64(2))
	f.Add(append(bytes.Repeat([]byte("x"), maxLine-3), " {3}\r\nabc\r\n"...), false, uint64(2))
	f.Fuzz(func(t *testing.T, data []byte, server bool, seed uint64) {
		whole := pieces(data, server, func() int { return len(data) })
		r := rand.New(rand.NewPCG(seed, 0))
		cut := pieces(data, server, func() int { return 1 + r.IntN(9) })
		if len(whole) != len(cut) {
			t.Fatalf("whole: %q\ncut: %q", whole, cut)
		}
		var all []byte
		for i := range whole {
			if whole[i] != cut[i] {
				t.Fatalf("whole: %q\ncut: %q", whole, cut)
			}
			all = append(all, whole[i][1:]...)
		}
		if !bytes.Equal(all, data) {
			t.Fatalf("Feed(%q) gives %q", data, whole)
		}
	})
}

// pieces are the fragments as text, a literal's joined.
func pieces(data []byte, server bool, size func() int) []string {
	s := Splitter{Server: server}
	var out []string
	open := false
	for len(data) > 0 {
		n := min(size(), len(data))
		s.Feed(data[:n], func(f Fragment) {
			kind := "L"
			if f.Literal {
				kind = "l"
			}
			if open {
				out[len(out)-1] += string(f.Data)
			} else {
				out = append(out, kind+string(f.Data))
			}
			open = f.Literal && f.More
		})
		data = data[n:]
	}
	if rest := s.Rest(); rest.Data != nil {
		out = append(out, "R"+string(rest.Data))
	}
	return out
}

// FuzzSession: no panic, every octet in exactly one event, and the record gives
// the same events. The input is chunks: a length, whose highest bit is the
// side, and the octets.
func FuzzSession(f *testing.F) {
	seeds(f, func(chunks []chunk) {
		var data []byte
		for _, c := range chunks {
			for part := c.data; len(part) > 0; {
				n := min(len(part), 127)
				length := byte(n)
				if c.side == event.SideServer {
					length |= 128
				}
				data = append(append(data, length), part[:n]...)
				part = part[n:]
			}
		}
		f.Add(data)
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		var chunks []chunk
		for len(data) > 1 {
			side := event.SideClient
			if data[0]&128 != 0 {
				side = event.SideServer
			}
			n := min(int(data[0]&127), len(data)-1)
			if n > 0 {
				chunks = append(chunks, chunk{side: side, data: data[1 : n+1], at: 1000 * 1000 * 1000})
			}
			data = data[n+1:]
		}
		live := record(chunks)
		checkSums(t, chunks, live)
		got := replay(live.items, wire.Options{ID: "AAAAAAAAAA"})
		diffLines(t, "recorded", got.lines(t), live.lines(t))
		gated := &tape{}
		s := New(wire.Options{ID: "AAAAAAAAAA", Sink: gated})
		for _, c := range chunks {
			s.Feed(c.side, c.data, start.Add(c.at), on(event.SideNone, "", wire.Verdict{}))
		}
		end := start.Add(1000 * 1000 * 1000)
		s.EOF(event.SideClient, end)
		s.EOF(event.SideServer, end)
		diffLines(t, "gated", gated.lines(t), live.lines(t))
	})
}

// TestSuites feeds other projects' cases: nothing panics, and each octet is in
// exactly one event.
func TestSuites(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(shared, "suites", "*", "*.jsonl"))
	if len(files) == 0 {
		t.Skip("no suites in ../shared")
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("reading suite: %v", err)
		}
		for _, line := range bytes.Split(raw, []byte("\n")) {
			if chunks := suiteCase(t, line); chunks != nil {
				p := record(chunks)
				checkSums(t, chunks, p)
				diffLines(t, file, replay(p.items, wire.Options{ID: "AAAAAAAAAA"}).lines(t), p.lines(t))
			}
		}
	}
}
