package view

import (
	"fmt"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// refused are n sessions, each with the same login refused.
func refused(n int) (items []wire.Item) {
	for i := range n {
		c := &event.Context{Session: fmt.Sprintf("R%09d", i), Proto: event.IMAP}
		add := func(e event.Event) {
			e.Context, e.Time = c, at(1000*i)
			items = append(items, wire.Item{Session: c.Session, Event: &e})
		}
		add(event.Event{Seq: 1, Kind: event.KindSessionOpen, Route: &event.Route{Upstream: "imap://imap.example.org:143", Client: fmt.Sprintf("127.0.0.1:%d", 50000+i)}})
		add(event.Event{Seq: 2, Kind: event.KindResponse, Dir: event.SideServer, Tag: "a1", Status: "NO", Text: fmt.Sprintf("a1 NO refused the %dth time", i)})
		add(event.Event{After: 2, Kind: event.KindFinding, Finding: &event.Finding{ID: "auth.credentials", Severity: event.SeverityError,
			Title: "the server refuses the password", Advice: "type it again", Evidence: []string{c.Session + ":2"}}})
		add(event.Event{Seq: 3, Kind: event.KindSessionClose, Close: &event.Close{}})
	}
	return items
}

// What has one cause is one row with a count; enter lists each time below it,
// and goes from there to the line that proves it, and back.
func TestFindingsByCause(t *testing.T) {
	a, s := newApp(t, 80, 24, refused(38), sample("k3j2m5n6p7"))
	press(a, "2", "g")
	wants(t, s, "Findings 2 ", "error  auth.credentials  38 times ▸", "imap → imap.example")
	if n := strings.Count(text(s), "auth.credentials"); n != 1 {
		t.Fatalf("%d rows of one cause:\n%s", n, text(s))
	}
	press(a, "Enter", "j", "j")
	wants(t, s, "▾", "127.0.0.1:50036  a1 NO refused the 36th time")
	press(a, "Enter")
	if row, ok := a.over[0].(*transcript); !ok || row.session.ID != "R000000036" || row.cursor.Cursor != 1 {
		t.Fatalf("enter on one time shows:\n%s", text(s))
	}
	press(a, "q", "g", "Enter")
	if p := a.panes[tabFindings].(*findings); len(p.rows) != 2 {
		t.Errorf("enter once more leaves %d rows:\n%s", len(p.rows), text(s))
	}
}

// Of one cause the newest are held, and all counted.
func TestFindingsBound(t *testing.T) {
	a, s := newApp(t, 80, 24, refused(3*mostFound))
	press(a, "2")
	wants(t, s, fmt.Sprintf("%d times", 3*mostFound))
	if n := len(a.model.causes[0].found); n != mostFound {
		t.Errorf("%d findings of one cause are held, want %d", n, mostFound)
	}
}
