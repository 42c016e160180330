package view

import (
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// retr is a session in which one message comes by RETR.
func retr(message string) []wire.Item {
	c := &event.Context{Session: "k3j2m5n6p7", Proto: event.POP3}
	block := "+OK\r\n" + message + ".\r\n"
	open := &event.Event{Context: c, Seq: 1, Time: at(0), Kind: event.KindSessionOpen, Route: &event.Route{}}
	e := &event.Event{Context: c, Seq: 2, Time: at(1), Kind: event.KindResponse, Dir: event.SideServer, Status: "+OK", For: "RETR", Completes: true, Text: "+OK {message}", Bytes: int64(len(block))}
	return []wire.Item{
		{Session: c.Session, Event: open},
		{Session: c.Session, Octets: &wire.Octets{Side: event.SideServer, Data: []byte(block), Time: at(1)}},
		{Session: c.Session, Event: e},
	}
}

// TestUnfold: message text is opened below its line, decoded and harmless, is
// scrolled through where it is long, and folded again.
func TestUnfold(t *testing.T) {
	body := "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n\x1b[2J\r\n" + strings.Repeat("line\r\n", 50) + "the last\r\n"
	a, s := newApp(t, 40, 10, retr(body))
	press(a, "Enter", "G", "e")
	if got := text(s); !strings.Contains(got, "Subject: Grüße") || !strings.Contains(got, `\x1b[2J`) {
		t.Errorf("unfolded:\n%s", got)
	}
	clean(t, s)
	for range 12 {
		press(a, "PgDn")
	}
	if got := text(s); !strings.Contains(got, "the last") {
		t.Errorf("scrolled to its end:\n%s", got)
	}
	press(a, "e")
	if got := text(s); strings.Contains(got, "the last") {
		t.Errorf("folded again:\n%s", got)
	}
}
