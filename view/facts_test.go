package view

import (
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap"
	"mailtap/parse/wire"
)

// TestRefusedLogin: the list says who tried to log in, and that it failed.
func TestRefusedLogin(t *testing.T) {
	c := &event.Context{Session: "k3j2m5n6p7", Proto: event.IMAP}
	one := func(e event.Event) wire.Item {
		e.Context = c
		return wire.Item{Session: c.Session, Event: &e}
	}
	items := []wire.Item{
		one(event.Event{Seq: 1, Time: at(0), Kind: event.KindSessionOpen, Route: &event.Route{Upstream: "imap://h", Client: "127.0.0.1:1"}}),
		one(event.Event{Seq: 2, Time: at(1), Kind: event.KindCommand, Dir: event.SideClient, Name: "LOGIN", Data: &imap.Login{User: "mallory"}, State: event.StateNotAuthenticated}),
		one(event.Event{Seq: 3, Time: at(2), Kind: event.KindResponse, Dir: event.SideServer, Status: "NO", For: "LOGIN", Cmd: 2, Completes: true, State: event.StateNotAuthenticated}),
	}
	a, s := newApp(t, 80, 24, items)
	if got := text(s); !strings.Contains(got, "open   imap") || !strings.Contains(got, "(mallory)") {
		t.Errorf("an open session whose login was refused:\n%s", got)
	}
	a.Add(Batch{Items: []wire.Item{one(event.Event{Seq: 4, Time: at(3), Kind: event.KindSessionClose})}})
	a.Draw()
	if got := text(s); !strings.Contains(got, "failed imap") {
		t.Errorf("a session that ended without its login:\n%s", got)
	}
}

// TestOpenInCapture: a session that a capture leaves open lasted until its
// last event, not until now.
func TestOpenInCapture(t *testing.T) {
	items := sample("k3j2m5n6p7")
	a, s := newApp(t, 120, 24, items)
	a.now = func() time.Time { return at(0).AddDate(9, 0, 0) }
	a.Draw()
	if got := text(s); !strings.Contains(got, "1.9 s") {
		t.Errorf("want 1.9 s in\n%s", got)
	}
}
