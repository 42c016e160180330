package captures

import (
	"bytes"
	"path/filepath"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// BenchmarkWriter measures recording: bulk in 32 KiB pieces, and small lines
// in turns, each with a time of its own.
func BenchmarkWriter(b *testing.B) {
	for _, bb := range []struct {
		name string
		size int
	}{{"bulk", 32 << 10}, {"lines", 64}} {
		b.Run(bb.name, func(b *testing.B) {
			w, err := Create(filepath.Join(b.TempDir(), "c.pcapng"), Options{Version: "1.0"})
			if err != nil {
				b.Fatal(err)
			}
			defer w.Close()
			l := newLive("AAAAAAAAAA", event.IMAP, newLineSession)
			l.open("192.0.2.1:40000", "198.51.100.7:993")
			if err := w.Write(l.items); err != nil {
				b.Fatal(err)
			}
			data := bytes.Repeat([]byte("x"), bb.size)
			batch := make([]wire.Item, 64)
			for i := range batch {
				batch[i] = wire.Item{Session: l.id, Octets: &wire.Octets{Side: event.SideServer, Data: data}}
				if bb.size < 1000 && i%2 == 0 {
					batch[i].Octets.Side = event.SideClient
				}
			}
			b.SetBytes(int64(bb.size))
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				i := n % len(batch)
				batch[i].Octets.Time = l.tick()
				if i == len(batch)-1 {
					if err := w.Write(batch); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// BenchmarkCopy is what BenchmarkWriter's bulk is held against: the same
// octets written to a file as they are.
func BenchmarkCopy(b *testing.B) {
	w, err := Create(filepath.Join(b.TempDir(), "c"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	data := bytes.Repeat([]byte("x"), 32<<10)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		w.single.room()
		w.single.buf = append(w.single.buf, data...)
		if len(w.single.buf) >= flushAt {
			if err := w.single.flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
