package pop3

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// TestCutText reads a record that left the messages' text out: lengths hold,
// and nothing of the stand-ins is read.
func TestCutText(t *testing.T) {
	chunks := wireOf(t, `S: +OK
C: USER a
S: +OK
C: PASS b
S: +OK
C: RETR 1
S= "+OK\r\nSubject: kept\r\n\r\nHello\r\n..\r\nthere\r\n.\r\n"
C: NOOP
S: +OK
`)
	for _, headers := range []bool{true, false} {
		live := play(recut(chunks, func() int { return 9 }), wire.Options{})
		again := &record{}
		s := New(wire.Options{ID: "aaaaaaaaaa", Sink: again})
		for _, it := range live.items {
			o := it.Octets
			if o == nil {
				continue
			}
			if o.Part == wire.PartBody || o.Part == wire.PartHeader && !headers {
				o.Data, o.Cut = bytes.Repeat([]byte{'.'}, len(o.Data)), true
			}
			s.Recorded(o)
		}
		var was, is string
		for _, e := range live.events {
			was += e.Text + "\n"
		}
		for _, e := range again.events {
			is += e.Text + "\n"
			if e.Error != "" {
				t.Errorf("error: %s", golden(e))
			}
			if m, ok := e.Data.(*Message); ok && (m.Subject == "kept") != headers {
				t.Errorf("headers %v: subject %q", headers, m.Subject)
			}
		}
		if was != is {
			t.Errorf("headers %v: recorded\n%s\nlive\n%s", headers, is, was)
		}
	}
}

// TestGap has octets missing in a block, and between lines.
func TestGap(t *testing.T) {
	b := newBench(t)
	b.same(event.SideServer, "+OK\r\n", nil)
	b.same(event.SideClient, "RETR 1\r\n", nil)
	b.same(event.SideServer, "+OK\r\nA: b\r\n\r\nbegin", nil)
	b.Gap(event.SideServer, 1000, b.at)
	b.same(event.SideServer, "end\r\n.\r\n", nil)
	b.expect("s gap | {1000 bytes} missing", "s response +OK RETR | +OK {1018 bytes}")
	b.same(event.SideClient, "ST", nil)
	b.Gap(event.SideClient, 0, b.at)
	b.expect("c octets | ST", "c gap | an unknown number of bytes is missing")
	b.same(event.SideClient, "NOOP\r\n", nil)
	b.expect("c command NOOP | NOOP")
}

// TestGapHidesEnds has the ends of responses missing, and whole ones: what a
// client that waits for each answer sends next tells that they came.
func TestGapHidesEnds(t *testing.T) {
	b := newBench(t)
	b.same(event.SideServer, "+OK hi <1.2", nil)
	b.Gap(event.SideServer, 20, b.at)
	b.same(event.SideClient, "USER u\r\n", nil)
	b.same(event.SideServer, "+OK\r\n", nil)
	b.expect("s greeting +OK | +OK hi <1.2", "s gap | {20 bytes} missing", "c command USER | USER u", "s response +OK USER | +OK")
	b.same(event.SideClient, "RETR 1\r\n", nil)
	b.same(event.SideServer, "+OK 120 octets\r\nA: b\r\n\r\nbegin", nil)
	b.Gap(event.SideServer, 100, b.at)
	b.same(event.SideClient, "RETR 2\r\n", nil)
	b.Gap(event.SideServer, 300, b.at)
	b.same(event.SideClient, "NOOP\r\n", nil)
	b.same(event.SideServer, "rest\r\n+OK\r\n", nil)
	b.expect("c command RETR | RETR 1", "s gap | {100 bytes} missing", "s response +OK RETR | +OK 120 octets {113 bytes}", "c command RETR | RETR 2",
		"s gap | {300 bytes} missing", "c command NOOP | NOOP", "s octets | rest", "s response +OK NOOP | +OK")
	for _, e := range b.rec.events {
		if e.Error != "" && e.Kind != event.KindGreeting {
			t.Errorf("%s: error %q", e.Text, e.Error)
		}
	}
}

// TestGapWhilePipelining: a client that does not wait tells nothing by what it
// sends.
func TestGapWhilePipelining(t *testing.T) {
	b := newBench(t)
	b.same(event.SideServer, "+OK\r\n", nil)
	b.same(event.SideClient, "RETR 1\r\nRETR 2\r\n", nil)
	b.same(event.SideServer, "+OK\r\nbegin", nil)
	b.Gap(event.SideServer, 100, b.at)
	b.same(event.SideClient, "QUIT\r\n", nil)
	b.same(event.SideServer, "end\r\n.\r\n+OK\r\n.\r\n", nil)
	b.expect("c command RETR | RETR 1", "c command RETR | RETR 2", "s gap | {100 bytes} missing", "c command QUIT | QUIT",
		"s response +OK RETR | +OK {110 bytes}", "s response +OK RETR | +OK {0 bytes}")
}

// TestUpgradedInTheMiddle has half a line before TLS.
func TestUpgradedInTheMiddle(t *testing.T) {
	b := newBench(t)
	b.same(event.SideServer, "+OK\r\n", nil)
	b.same(event.SideClient, "PASS sec", nil)
	b.Upgraded(event.SideClient, b.at)
	b.expect("c octets | PASS ***")
	b.same(event.SideClient, "NOOP\r\n", nil)
	b.expect("c command NOOP | NOOP")
}

// TestBoundary tells where mailtap may put a line of its own.
func TestBoundary(t *testing.T) {
	b := newBench(t)
	for _, step := range []struct {
		side event.Side
		text string
		want bool
	}{
		{event.SideServer, "+OK", false}, {event.SideServer, "\r\n", true},
		{event.SideClient, "CAPA\r\n", true}, {event.SideServer, "+OK\r\n", false},
		{event.SideServer, "TOP\r\n", false}, {event.SideServer, ".\r\n", true},
	} {
		b.same(step.side, step.text, nil)
		if got := b.Info().Boundary; got != step.want {
			t.Errorf("behind %q: Boundary = %v", step.text, got)
		}
	}
}

// TestBounds has a client that pipelines without end, a listing without end,
// and a header without end.
func TestBounds(t *testing.T) {
	s := New(wire.Options{ID: "aaaaaaaaaa", Sink: discard{}})
	s.Feed(event.SideServer, []byte("+OK\r\n"), time.Time{}, nil)
	noops := bytes.Repeat([]byte("NOOP\r\n"), 1000)
	for range 40 {
		s.Feed(event.SideClient, noops, time.Time{}, nil)
	}
	if n := s.Info().Pending; n > maxPending {
		t.Errorf("%d pending", n)
	}
	r := &record{}
	s = New(wire.Options{ID: "aaaaaaaaaa", Sink: r})
	s.Feed(event.SideServer, []byte("+OK\r\n"), time.Time{}, nil)
	s.Feed(event.SideClient, []byte("UIDL\r\nRETR 1\r\n"), time.Time{}, nil)
	s.Feed(event.SideServer, []byte("+OK\r\n"), time.Time{}, nil)
	for range 100 {
		s.Feed(event.SideServer, bytes.Repeat([]byte("1 uid\r\n"), 1000), time.Time{}, nil)
	}
	s.Feed(event.SideServer, []byte(".\r\n+OK\r\n"+strings.Repeat("Subject: x\r\n", 20000)+".\r\n"), time.Time{}, nil)
	listing := r.events[3].Data.(*Listing)
	if listing.Count != 100000 || len(listing.List) != maxEntries || !listing.More {
		t.Errorf("%d listed, %d kept", listing.Count, len(listing.List))
	}
	if m := r.events[4].Data.(*Message); !m.Truncated || m.Subject != "x" {
		t.Errorf("%+v", m)
	}
}
