package control

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 11, 23, 16, 39, 39, 0, time.UTC)

func openEvent(id string) wire.Item {
	return wire.Item{Session: id, Event: &event.Event{
		Time: start, Kind: event.KindSessionOpen, Seq: 1, Context: &event.Context{Session: id, Proto: event.IMAP},
		Route: &event.Route{Listen: "imaps://127.0.0.1:1993", Upstream: "imaps://h:993", Client: "127.0.0.1:40000"},
	}}
}

func upstreamEvent(id string) wire.Item {
	return wire.Item{Session: id, Event: &event.Event{
		Time: start, Kind: event.KindUpstreamOpen, Seq: 2, Context: &event.Context{Session: id, Proto: event.IMAP}, Route: &event.Route{Server: "192.0.2.1:993"},
	}}
}

func command(id string, seq int) wire.Item {
	text := fmt.Sprintf("a%d NOOP", seq)
	return wire.Item{Session: id, Event: &event.Event{
		Time: start, Kind: event.KindCommand, Seq: int64(seq), Context: &event.Context{Session: id, Proto: event.IMAP, User: "alice"},
		Dir: event.SideClient, Tag: fmt.Sprintf("a%d", seq), Name: "NOOP", Text: text, Bytes: int64(len(text) + 2), State: event.StateAuthenticated,
	}}
}

func octets(id string, seq int) wire.Item {
	return wire.Item{Session: id, Octets: &wire.Octets{Side: event.SideClient, Data: fmt.Appendf(nil, "a%d NOOP\r\n", seq), Time: start}}
}

func closeEvent(id string, seq int) wire.Item {
	return wire.Item{Session: id, Event: &event.Event{
		Time: start, Kind: event.KindSessionClose, Seq: int64(seq), Context: &event.Context{Session: id, Proto: event.IMAP},
		Close: &event.Close{By: event.SideClient, BytesC: 42, Commands: 3, Summary: "nothing"},
	}}
}

func write(t *testing.T, h *History, items ...wire.Item) {
	t.Helper()
	if err := h.Write(items); err != nil {
		t.Fatal(err)
	}
}

func TestSessionsFollowTheirEvents(t *testing.T) {
	h := NewHistory(0)
	write(t, h, openEvent("A"), upstreamEvent("A"), octets("A", 3), command("A", 3), openEvent("B"))
	got := h.Sessions()
	if len(got) != 2 || got[0].Session != "A" || got[1].Session != "B" {
		t.Fatalf("Sessions = %+v", got)
	}
	a := got[0]
	if !a.Open || a.User != "alice" || a.Server != "192.0.2.1:993" || a.Client != "127.0.0.1:40000" || a.Commands != 1 || a.BytesC != 9 || a.State != "authenticated" || a.Proto != "imap" {
		t.Errorf("session A = %+v", a)
	}
	write(t, h, closeEvent("A", 4))
	if a = h.Sessions()[0]; a.Open || a.By != "client" || a.Summary != "nothing" || a.BytesC != 42 || a.Commands != 3 {
		t.Errorf("session A at its end = %+v", a)
	}
}

// TestNothingIsLostWithoutBeingSaid: whatever a reader misses is counted.
func TestNothingIsLostWithoutBeingSaid(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		h := NewHistory(20 * entrySize)
		all, one := &reader{h: h}, &reader{h: h, session: "A"}
		var events, items, gotEvents, gotItems, lostEvents, lostItems int64
		take := func(rd *reader, got, lost *int64) {
			c := rd.read()
			*got += int64(len(c.items))
			*lost += c.gone
		}
		write(t, h, openEvent("A"), openEvent("B"))
		events, items = 2, 1
		for seq := 2; seq < 300; seq++ {
			id := []string{"A", "B"}[r.IntN(2)]
			write(t, h, octets(id, seq), command(id, seq))
			events++
			if id == "A" {
				items += 2
			}
			if r.IntN(15) == 0 {
				take(all, &gotEvents, &lostEvents)
			}
			if r.IntN(30) == 0 {
				take(one, &gotItems, &lostItems)
			}
		}
		take(all, &gotEvents, &lostEvents)
		take(one, &gotItems, &lostItems)
		if gotEvents+lostEvents != events || gotItems+lostItems != items || lostEvents == 0 || lostItems == 0 {
			t.Fatalf("events %d+%d of %d, items of A %d+%d of %d", gotEvents, lostEvents, events, gotItems, lostItems, items)
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	h := NewHistory(100 * entrySize)
	for i := range 1000 {
		id := fmt.Sprint("S", i)
		write(t, h, openEvent(id), octets(id, 2), command(id, 2), closeEvent(id, 3))
	}
	if h.size > h.limit || len(h.entries) > 100 {
		t.Errorf("%d octets in %d entries, limit %d", h.size, len(h.entries), h.limit)
	}
	if n := len(h.sessions); n > 30 || n != len(h.order) {
		t.Errorf("%d sessions are known, %d in order", n, len(h.order))
	}
}

// TestLateReadersGetWhatOpenedASession, though it is long gone from the history.
func TestLateReadersGetWhatOpenedASession(t *testing.T) {
	h := NewHistory(10 * entrySize)
	write(t, h, openEvent("A"), upstreamEvent("A"))
	for seq := range 100 {
		write(t, h, command("A", seq+3))
	}
	for _, session := range []string{"", "A"} {
		c := (&reader{h: h, session: session}).read()
		kinds := []event.Kind{c.items[0].Event.Kind, c.items[1].Event.Kind, c.items[2].Event.Kind}
		if !slices.Equal(kinds, []event.Kind{event.KindSessionOpen, event.KindUpstreamOpen, event.KindCommand}) {
			t.Errorf("reader of %q begins with %v", session, kinds)
		}
		if c.gone+int64(len(c.items)) != 102 {
			t.Errorf("reader of %q: %d items, %d lost, want 102 together", session, len(c.items), c.gone)
		}
	}
	fresh := NewHistory(0)
	write(t, fresh, openEvent("A"))
	if c := (&reader{h: fresh}).read(); len(c.items) != 1 || c.gone != 0 {
		t.Errorf("what is still kept came twice: %v", c.items)
	}
}

func TestWhatTheQueueDroppedIsSaid(t *testing.T) {
	h := NewHistory(0)
	write(t, h, openEvent("A"))
	h.Dropped(7, 900)
	write(t, h, command("A", 2))
	if c := (&reader{h: h}).read(); c.lost != (dropping{7, 900}) || len(c.items) != 2 {
		t.Errorf("lost %+v, items %d", c.lost, len(c.items))
	}
}
