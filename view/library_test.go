package view

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// shelfLibrary is a library made of items.
type shelfLibrary struct {
	sessions map[string][]wire.Item
	order    []string
	loads    int
}

func newShelfLibrary(n int) *shelfLibrary {
	l := &shelfLibrary{sessions: map[string][]wire.Item{}}
	for i := range n {
		id := fmt.Sprintf("S%09d", i)
		l.sessions[id], l.order = sample(id), append(l.order, id)
	}
	return l
}

func (l *shelfLibrary) Load(ctx context.Context, id string, take func(wire.Item) error) error {
	l.loads++
	items, ok := l.sessions[id]
	if !ok {
		return errors.New("no such session")
	}
	for _, item := range items {
		if err := errors.Join(ctx.Err(), take(item)); err != nil {
			return err
		}
	}
	return nil
}

func (l *shelfLibrary) Walk(ctx context.Context, take func(e *event.Event, far float64) error) error {
	for i, id := range l.order {
		for _, item := range l.sessions[id] {
			if item.Event == nil {
				continue
			}
			if err := errors.Join(ctx.Err(), take(item.Event, float64(i)/float64(len(l.order)))); err != nil {
				return err
			}
		}
	}
	return nil
}

// outlines are what an index tells.
func (l *shelfLibrary) outlines() (all []Outline) {
	for _, id := range l.order {
		who := &event.Context{Session: id, Proto: event.IMAP}
		all = append(all, Outline{ID: id, Facts: Facts{Opened: began, Last: at(2000), Context: who, Route: l.sessions[id][0].Event.Route, BytesC: 80, BytesS: 219, Commands: 3}})
	}
	return all
}

func (l *shelfLibrary) events() (items []wire.Item) {
	for _, id := range l.order {
		for _, item := range l.sessions[id] {
			if item.Event != nil {
				items = append(items, item)
			}
		}
	}
	return items
}

// newLargeApp is a viewer on a library of n sessions, with their outlines.
func newLargeApp(t *testing.T, n int) (*App, *shelfLibrary, tcell.SimulationScreen) {
	t.Helper()
	l, s := newShelfLibrary(n), newScreen(t, 80, 24)
	a := New(s, Options{Title: "large.pcapng", Now: func() time.Time { return at(4000) }, Library: l})
	t.Cleanup(a.leave)
	a.Add(Batch{Outlines: l.outlines(), Done: 0.25})
	a.Draw()
	return a, l, s
}

// wants fails unless the screen has each of the texts.
func wants(t *testing.T, s tcell.SimulationScreen, want ...string) {
	t.Helper()
	shown := text(s)
	for _, w := range want {
		if !strings.Contains(shown, w) {
			t.Fatalf("%q is not on the screen:\n%s", w, shown)
		}
	}
}

// A large capture's sessions are listed before their events were read, and a
// session's are read when it is opened: then everything is as if it had been
// held from the beginning.
func TestLibrarySession(t *testing.T) {
	a, l, s := newLargeApp(t, 3)
	wants(t, s, "Sessions 3", "reading 25%", "127.0.0.1:50")
	if l.loads != 0 || len(a.model.Sessions[0].Rows) != 0 {
		t.Fatalf("%d sessions were loaded to list them", l.loads)
	}
	press(a, "g", "Enter")
	wants(t, s, "a1 LOGIN alice@example.org", "alice@example.org")
	whole, _ := newApp(t, 80, 24, sample("S000000000"))
	got, want := a.model.Sessions[0], whole.model.Sessions[0]
	if len(got.Rows) != len(want.Rows) || got.BytesC != want.BytesC || got.BytesS != want.BytesS || got.Commands != want.Commands || got.Findings != 1 {
		t.Errorf("the session has %d rows and %+v, want %d and %+v", len(got.Rows), got.Facts, len(want.Rows), want.Facts)
	}
	for i := range got.Rows {
		g, _ := got.Octets(got.Rows[i])
		w, _ := want.Octets(want.Rows[i])
		if string(g) != string(w) {
			t.Errorf("the octets of row %d are %q, want %q", i, g, w)
		}
	}
	press(a, "q", "Enter")
	if l.loads != 1 {
		t.Errorf("the session was loaded %d times, want once", l.loads)
	}
}

// The survey brings users, findings and accounts, and keeps no row; evidence
// is read when it is asked for.
func TestLibrarySurvey(t *testing.T) {
	a, l, s := newLargeApp(t, 3)
	press(a, "2")
	wants(t, s, "looked through: 25%")
	a.take(fed{Batch: Batch{Items: l.events()[:20], Passing: true, Done: 0.5}})
	press(a, "2")
	wants(t, s, "Findings 1", "looked through: 50%", "mbox.case-or-absent")
	a.take(fed{Batch: Batch{Items: l.events()[20:], Passing: true, Done: 1}, err: io.EOF})
	press(a, "3")
	wants(t, s, "alice@example.org at example.org", "3 sessions")
	if strings.Contains(text(s), "looked through") {
		t.Errorf("the survey has ended, and the screen says that it goes on:\n%s", text(s))
	}
	for _, x := range a.model.Sessions {
		if len(x.Rows) != 0 || x.Context.User != "alice@example.org" || x.Findings != 1 || x.BytesS != 219 || x.TLS[0] == nil {
			t.Errorf("session %s has %d rows and %+v", x.ID, len(x.Rows), x.Facts)
		}
	}
	press(a, "2", "g", "Enter", "j", "Enter")
	wants(t, s, "NO [TRYCREATE]")
	if l.loads != 1 {
		t.Errorf("%d sessions were loaded, want one", l.loads)
	}
}

// A filter finds the sessions of a library that have such an event, loaded or not.
func TestLibraryFilter(t *testing.T) {
	a, l, s := newLargeApp(t, 4)
	for _, item := range l.sessions["S000000002"] {
		if e := item.Event; e != nil && e.Name == "COPY" {
			e.Name = "MOVE"
		}
	}
	press(a, "g", "Enter", "q")
	a.setFilter(`name == "MOVE"`)
	a.finish()
	a.Draw()
	if list := a.panes[tabSessions].(*sessions); len(list.rows) != 1 || list.rows[0].ID != "S000000002" {
		t.Fatalf("the filter shows\n%s", text(s))
	}
	press(a, "g", "Enter")
	wants(t, s, "a3 COPY 1 Trash")
	if n := a.visible(a.session()); n != 1 {
		t.Errorf("%d rows are shown, want 1", n)
	}
	press(a, "q")
	a.setFilter("")
	a.Draw()
	if list := a.panes[tabSessions].(*sessions); len(list.rows) != 4 {
		t.Errorf("without the filter %d sessions are shown", len(list.rows))
	}
}

// Sessions that were not looked at for the longest time lose their rows where
// they are too many; the one on the screen keeps them.
func TestLibraryRoom(t *testing.T) {
	a, l, _ := newLargeApp(t, 8)
	for id, items := range l.sessions {
		context := items[0].Event.Context
		body := make([]byte, 12<<20)
		fetch := &event.Event{Context: context, Kind: event.KindResponse, Seq: 13, Dir: event.SideServer, Name: "FETCH", Text: "* 1 FETCH", Bytes: int64(len(body))}
		l.sessions[id] = append(items, wire.Item{Session: id, Octets: &wire.Octets{Side: event.SideServer, Data: body}}, wire.Item{Session: id, Event: fetch})
	}
	var opened []*Session
	for range 8 {
		press(a, "Enter")
		opened = append(opened, a.session())
		if last := a.session(); !last.here() || len(last.Rows) == 0 {
			t.Fatalf("session %s was opened and has no rows", last.ID)
		}
		press(a, "q", "k")
	}
	size, here := 0, 0
	for _, s := range opened {
		if s.here() {
			size, here = size+s.size(), here+1
		}
	}
	if size > room || here < 2 || opened[0].here() || !opened[7].here() {
		t.Errorf("%d sessions are held, of %d octets", here, size)
	}
}

// A session that cannot be read says so, and esc gives up a reading.
func TestLibraryGivesUp(t *testing.T) {
	a, l, s := newLargeApp(t, 2)
	kept := l.sessions["S000000001"]
	delete(l.sessions, "S000000001")
	press(a, "G", "Enter")
	wants(t, s, "no such session")
	l.sessions["S000000001"] = kept
	a.Handle(tcell.NewEventKey(tcell.KeyEnter, 0, 0))
	a.Handle(tcell.NewEventKey(tcell.KeyEscape, 0, 0))
	a.finish()
	a.Draw()
	wants(t, s, "Sessions 2")
	if len(a.over) != 0 || a.quit {
		t.Error("what esc gave up was opened, or esc left the viewer")
	}
}

// TestMonkey on a library: sessions come and go below the keys.
func TestLibraryMonkey(t *testing.T) {
	for seed := range int64(6) {
		r := rand.New(rand.NewSource(seed))
		a, l, s := newLargeApp(t, 5)
		events := l.events()
		for range 60 {
			if r.Intn(3) == 0 && len(events) > 0 {
				n := min(len(events), 1+r.Intn(9))
				a.take(fed{Batch: Batch{Items: events[:n], Passing: true, Done: 0.5}})
				events = events[n:]
			}
			if x := a.model.Sessions[r.Intn(len(a.model.Sessions))]; x.apart == loaded && !a.looksAt(x) {
				x.unload()
			}
			b := bindings[r.Intn(len(bindings))]
			if name := b.keys[0]; name != "Ctrl+Z" && name != "w" && name != "x" && name != "z" {
				press(a, name)
			}
			a.quit = false
			clean(t, s)
		}
	}
}
