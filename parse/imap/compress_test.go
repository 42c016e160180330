package imap

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// kept is what a session says, in order.
type kept struct {
	events []*event.Event
	octets []wire.Octets
}

func (k *kept) Event(e *event.Event) { k.events = append(k.events, e) }
func (k *kept) Octets(o *wire.Octets) {
	c := *o
	c.Data = bytes.Clone(o.Data)
	k.octets = append(k.octets, c)
}

// compressed is a session behind COMPRESS's OK.
func compressed() (*Session, *kept) {
	k := &kept{}
	s := New(wire.Options{ID: "AAAAAAAAAA", Sink: k})
	s.Feed(event.SideServer, []byte("* PREAUTH ready\r\n"), time.Time{}, nil)
	s.Feed(event.SideClient, []byte("a COMPRESS DEFLATE\r\n"), time.Time{}, nil)
	s.Feed(event.SideServer, []byte("a OK begin\r\n"), time.Time{}, nil)
	return s, k
}

// deflated is text as a peer compresses and flushes it.
func deflated(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(text))
	w.Flush()
	return b.Bytes()
}

// TestCompressed reads what is inside COMPRESS=DEFLATE, octet by octet, and
// forwards what is outside (RFC 4978).
func TestCompressed(t *testing.T) {
	s, k := compressed()
	defer s.Close()
	data := deflated(t, "b NOOP\r\n")
	for i := range data {
		if r := s.Feed(event.SideClient, data[i:i+1], time.Time{}, nil); !bytes.Equal(r.Forward, data[i:i+1]) {
			t.Fatalf("octet %d: %q goes on, want %q", i, r.Forward, data[i:i+1])
		}
	}
	e := k.events[len(k.events)-1]
	o := k.octets[len(k.octets)-1]
	if e.Name != "NOOP" || e.Bytes != 8 || !o.Deflate || string(o.Data[len(o.Data)-1:]) != "\n" || !s.Info().Compressed {
		t.Errorf("event %+v, octets %+v", e, o)
	}
}

// TestCompressedCorrupt has octets that cannot be inflated: they go on, are
// counted and kept as they are, and the other direction is still read.
func TestCompressedCorrupt(t *testing.T) {
	s, k := compressed()
	defer s.Close()
	s.Feed(event.SideClient, deflated(t, "b NOOP\r\n"), time.Time{}, nil)
	n := len(k.events)
	for _, bad := range []string{"\xff\xff\xff\xff", "c NOOP\r\n"} {
		if r := s.Feed(event.SideClient, []byte(bad), time.Time{}, nil); string(r.Forward) != bad {
			t.Errorf("%q goes on, want %q", r.Forward, bad)
		}
		e, o := k.events[len(k.events)-1], k.octets[len(k.octets)-1]
		if e.Kind != event.KindOctets || e.Bytes != int64(len(bad)) || !o.Raw || string(o.Data) != bad {
			t.Errorf("event %+v, octets %+v", e, o)
		}
	}
	if len(k.events) != n+2 {
		t.Errorf("%d events, want %d", len(k.events), n+2)
	}
	s.Feed(event.SideServer, deflated(t, "b OK done\r\n"), time.Time{}, nil)
	if e := k.events[len(k.events)-1]; e.For != "NOOP" || e.Status != "OK" {
		t.Errorf("%+v", e)
	}
}

// TestCompressedHalfCorrupt has a chunk that begins well: what could be read of
// it is a command, and only the rest stands as it was on the wire.
func TestCompressedHalfCorrupt(t *testing.T) {
	s, k := compressed()
	defer s.Close()
	before := s.Info().BytesC
	good, bad := deflated(t, "b NOOP\r\nc NO"), []byte("\xff\xff\xff\xff")
	s.Feed(event.SideClient, append(good, bad...), time.Time{}, nil)
	var names []string
	var bytes int64
	for _, e := range k.events {
		if e.Dir == event.SideClient && e.Seq > 3 {
			names = append(names, string(e.Kind)+" "+e.Name)
			bytes += e.Bytes
		}
	}
	if want := "command NOOP,command NO,octets "; strings.Join(names, ",") != want {
		t.Errorf("events %q, want %q", names, want)
	}
	if o := k.octets[len(k.octets)-1]; !o.Raw || string(o.Data) != string(bad) {
		t.Errorf("raw octets %q, want %q", o.Data, bad)
	}
	if sum := s.Info().BytesC - before; bytes != 12+4 || sum != bytes {
		t.Errorf("events of %d bytes, %d counted; want 16", bytes, sum)
	}
}
