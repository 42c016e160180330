package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailtap/captures"
	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// keeper is a sink that gives everything to a kept, as the proxy's queue does.
type keeper struct {
	k  *kept
	id string
}

func (s keeper) Octets(o *wire.Octets) {
	s.k.add([]wire.Item{owned(wire.Item{Session: s.id, Octets: o})})
}
func (s keeper) Event(e *event.Event) { s.k.add([]wire.Item{{Session: s.id, Event: e}}) }

func keepSession(k *kept, id string) {
	s := parse.New(event.POP3, wire.Options{ID: id, Sink: keeper{k, id}})
	now := time.Date(2026, 11, 23, 16, 0, 0, 0, time.UTC)
	s.Emit(&event.Event{Kind: event.KindSessionOpen, Time: now, Route: &event.Route{Listen: "pop3://127.0.0.1:1110", Upstream: "pop3://127.0.0.1:110", Client: "127.0.0.1:5000"}})
	s.Feed(event.SideServer, []byte("+OK ready\r\n"), now, nil)
	s.Feed(event.SideClient, []byte("QUIT\r\n"), now, nil)
	s.Feed(event.SideServer, []byte("+OK bye\r\n"), now, nil)
	s.Emit(&event.Event{Kind: event.KindSessionClose, Time: now, Close: &event.Close{By: event.SideServer}})
	s.Close()
}

// A viewer without a recording saves what it keeps; what it lost a part of is
// not saved as if it were whole.
func TestKeptSave(t *testing.T) {
	k := newKept(1 << 20)
	keepSession(k, "AAAAAAAAAA")
	path := filepath.Join(t.TempDir(), "one.pcapng")
	if err := k.save("AAAAAAAAAA", path); err != nil {
		t.Fatal(err)
	}
	r, err := captures.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var texts []string
	if err := r.Walk(func(item wire.Item) error {
		if e := item.Event; e != nil && e.Kind.Protocol() {
			texts = append(texts, e.Text)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(texts, "|"); got != "+OK ready|QUIT|+OK bye" {
		t.Errorf("the saved session says %q", got)
	}
	k.missed()
	if err := k.save("AAAAAAAAAA", filepath.Join(t.TempDir(), "two.pcapng")); err == nil {
		t.Error("a session of which something was lost was saved")
	}
}

func TestKeptForgetsTheOldest(t *testing.T) {
	k := newKept(6 << 10)
	for _, id := range []string{"AAAAAAAAAA", "BBBBBBBBBB", "CCCCCCCCCC"} {
		keepSession(k, id)
	}
	if k.size > 6<<10 || k.sessions["AAAAAAAAAA"] != nil || k.sessions["CCCCCCCCCC"] == nil {
		t.Errorf("%d octets of %v are kept", k.size, k.order)
	}
}
