package view

import (
	"errors"
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// A mark is kept where the session is, and what comes back of it is no row.
func TestMark(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"))
	var kept []string
	a.options.Actions.Mark = func(on *event.Event, text string) (string, error) {
		kept = append(kept, text)
		mark := &event.Event{Kind: event.KindMark, Time: at(90_000), Context: &event.Context{Session: on.Session}, After: on.Seq, Text: text}
		a.calls <- func() { a.Add(Batch{Items: []wire.Item{{Session: on.Session, Event: mark}}}) }
		return "kept somewhere", nil
	}
	press(a, "Enter", "g", "j", "j")
	session := a.session()
	rows, was := len(session.Rows), session.Facts
	marked := func() bool { return strings.Contains(text(s), "\n*") }
	press(a, "m")
	a.finish()
	press(a, "j")
	if !marked() {
		t.Errorf("no mark on\n%s", text(s))
	}
	press(a, "M")
	press(a, ";")
	typed(a, "look here")
	press(a, "Enter")
	a.finish()
	a.Draw()
	if got := text(s); !strings.Contains(got, "; look here") || !strings.Contains(got, "kept somewhere") {
		t.Errorf("no comment in\n%s", got)
	}
	press(a, "m")
	a.finish()
	press(a, "j")
	if marked() {
		t.Errorf("the mark stays on\n%s", text(s))
	}
	press(a, "M")
	if got := text(s); !strings.Contains(got, "no line of this session is marked") {
		t.Errorf("M says\n%s", got)
	}
	if got := strings.Join(kept, "|"); got != "marked|look here|" {
		t.Errorf("kept %q", got)
	}
	if len(session.Rows) != rows || session.Facts != was {
		t.Errorf("the marks made %d rows of %d, and %+v of %+v", len(session.Rows), rows, session.Facts, was)
	}
}

func TestMarkThatIsNotKept(t *testing.T) {
	a, s := newApp(t, 100, 24, sample("k3j2m5n6p7"))
	a.options.Actions.Mark = func(*event.Event, string) (string, error) { return "", errors.New("the disk is full") }
	press(a, "Enter", "g", "m")
	a.finish()
	a.Draw()
	if got := text(s); !strings.Contains(got, "the mark stays in this viewer alone: the disk is full") {
		t.Errorf("a mark that could not be kept:\n%s", got)
	}
}
