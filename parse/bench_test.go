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

// inFlight is how many commands a pipeline has.
const inFlight = 256

// pipeline is FETCH commands, and what answers them.
func pipeline() (c, s []byte) {
	for i := range inFlight {
		c = fmt.Appendf(c, "a%d FETCH %d (FLAGS)\r\n", i, i+1)
		s = fmt.Appendf(s, "* %d FETCH (FLAGS (\\Seen))\r\na%d OK FETCH completed\r\n", i+1, i)
	}
	return c, s
}

// TestPipelinedAllocations holds what a command costs with its data and its
// completion, in a session that is longer than what the detectors remember:
// 18, and some more under the race detector, where pools lose things.
func TestPipelinedAllocations(t *testing.T) {
	c, s := pipeline()
	sess := New(event.IMAP, wire.Options{ID: "x", Sink: nowhere{}})
	defer sess.Close()
	sess.Feed(event.SideServer, []byte("* PREAUTH hi\r\n"), time.Time{}, nil)
	round := func() {
		sess.Feed(event.SideClient, c, time.Time{}, nil)
		sess.Feed(event.SideServer, s, time.Time{}, nil)
	}
	for range 20 { // 5120 commands
		round()
	}
	each := testing.AllocsPerRun(10, round) / inFlight
	t.Logf("%.1f allocations a command", each)
	if each > 19.5 {
		t.Errorf("a command with its answers takes %.1f allocations, want at most 19.5", each)
	}
}

// BenchmarkPipelined understands 256 pipelined FETCH commands and what answers
// them: an operation is all of it.
func BenchmarkPipelined(b *testing.B) {
	for _, make := range []struct {
		name string
		new  func(wire.Options) wire.Session
	}{{"imap", func(o wire.Options) wire.Session { return imap.New(o) }}, {"parse", func(o wire.Options) wire.Session { return New(event.IMAP, o) }}} {
		b.Run(make.name, func(b *testing.B) {
			c, s := pipeline()
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
