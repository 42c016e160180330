package view

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// million is one session of n events, as a long synchronisation leaves it.
func million(n int) []wire.Item {
	c := &event.Context{Session: "k3j2m5n6p7", Proto: event.IMAP, User: "alice@example.org", Mailbox: "INBOX"}
	items := make([]wire.Item, 0, n)
	for i := range n {
		e := &event.Event{Context: c, Time: at(i), Seq: int64(i + 1), Kind: event.KindResponse, Dir: event.SideServer, Tag: "*", Name: "FETCH", For: "FETCH", Cmd: 1,
			Text: fmt.Sprintf("* %d FETCH (UID %d FLAGS (\\Seen))", i, i+1000), Bytes: 44, State: event.StateSelected}
		if i%100 == 0 {
			e.Kind, e.Dir, e.Tag, e.Name, e.Text = event.KindCommand, event.SideClient, fmt.Sprintf("a%d", i), "UID FETCH", fmt.Sprintf("a%d UID FETCH %d:* (FLAGS)", i, i)
		}
		items = append(items, wire.Item{Session: c.Session, Event: e})
	}
	return items
}

func big(tb testing.TB, n int) *App {
	s := newScreen(tb, 120, 40)
	a := New(s, Options{Title: "big", Now: func() time.Time { return at(0) }})
	items := million(n)
	for len(items) > 0 {
		k := min(1024, len(items))
		a.Add(Batch{Items: items[:k]})
		items = items[k:]
	}
	return a
}

// BenchmarkScreen draws a transcript of a million events.
func BenchmarkScreen(b *testing.B) {
	a := big(b, 1_000_000)
	press(a, "Enter")
	for b.Loop() {
		a.Draw()
	}
}

// BenchmarkJump goes to the end and back of a million events.
func BenchmarkJump(b *testing.B) {
	a := big(b, 1_000_000)
	press(a, "Enter")
	for b.Loop() {
		press(a, "g", "G")
	}
}

// BenchmarkFilter filters a million events: an operation is all of it.
func BenchmarkFilter(b *testing.B) {
	for _, expr := range []string{`status == "NO" && latency_us > 1000`, `note contains "unread"`, `text matches "UID 99.*Seen"`} {
		b.Run(expr, func(b *testing.B) {
			a := big(b, 1_000_000)
			b.ResetTimer()
			for b.Loop() {
				a.setFilter("")
				a.setFilter(expr)
				a.finish()
			}
		})
	}
}

// BenchmarkSearch looks for what is not there.
func BenchmarkSearch(b *testing.B) {
	a := big(b, 1_000_000)
	press(a, "Enter")
	a.setSearch("nowhere to be found")
	for b.Loop() {
		a.next(1)
		a.finish()
	}
}

// TestMemoryOfAnEvent bounds what the model holds of an event beyond its text.
func TestMemoryOfAnEvent(t *testing.T) {
	const n = 200_000
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC() // twice: pools are emptied by the second
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	a := big(t, n)
	after := live()
	text := uint64(0)
	for _, r := range a.model.Sessions[0].Rows {
		text += uint64(len(r.Event.Text))
	}
	each := (after - before - text) / n
	t.Logf("%d bytes an event beyond its text", each)
	if each > 400 {
		t.Errorf("%d bytes an event beyond its text", each)
	}
	runtime.KeepAlive(a)
}
