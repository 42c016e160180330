package parse

import (
	"fmt"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap"
	"mailtap/parse/wire"
)

type nowhere struct{}

func (nowhere) Octets(*wire.Octets) {}
func (nowhere) Event(*event.Event)  {}

// BenchmarkPipelined understands 256 pipelined FETCH commands and what answers
// them: an operation is all of it.
func BenchmarkPipelined(b *testing.B) {
	for _, make := range []struct {
		name string
		new  func(wire.Options) wire.Session
	}{{"imap", func(o wire.Options) wire.Session { return imap.New(o) }}, {"parse", func(o wire.Options) wire.Session { return New(event.IMAP, o) }}} {
		b.Run(make.name, func(b *testing.B) {
			var c, s []byte
			for i := range 256 {
				c = fmt.Appendf(c, "a%d FETCH %d (FLAGS)\r\n", i, i+1)
				s = fmt.Appendf(s, "* %d FETCH (FLAGS (\\Seen))\r\na%d OK FETCH completed\r\n", i+1, i)
			}
			sess := make.new(wire.Options{ID: "x", Sink: nowhere{}})
			now := time.Now()
			sess.Feed(event.SideServer, []byte("* PREAUTH hi\r\n"), now, nil)
			b.SetBytes(int64(len(c) + len(s)))
			b.ReportAllocs()
			for b.Loop() {
				sess.Feed(event.SideClient, c, now, nil)
				sess.Feed(event.SideServer, s, now, nil)
			}
		})
	}
}
