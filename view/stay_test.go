package view

import (
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// another is a finding of a session.
func another(session, id string, s event.Severity) wire.Item {
	return wire.Item{Session: session, Event: &event.Event{Kind: event.KindFinding, Time: at(2000), Context: &event.Context{Session: session, Proto: event.IMAP},
		After: 12, Finding: &event.Finding{ID: id, Severity: s, Title: id, Evidence: []string{session + ":12"}}}}
}

// What comes above the cursor does not move it to another row.
func TestCursorStays(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"))
	press(a, "2")
	for _, id := range []string{"auth.quoting", "quota.full", "net.reset"} {
		a.Add(Batch{Items: []wire.Item{another("k3j2m5n6p7", id, event.SeverityError)}})
		a.Draw()
	}
	if got := text(s); !strings.Contains(got, "> warning  mbox.case-or-absent") {
		t.Errorf("the cursor moved:\n%s", got)
	}
	press(a, "3", "G")
	was := a.panes[tabAccounts].(*accounts)
	row := was.rows[was.cursor.Cursor]
	more := sample("q3j2m5n6p7")
	for _, item := range more {
		if item.Event != nil && item.Event.User != "" {
			item.Event.Context.User = "aaron@example.org"
		}
	}
	a.Add(Batch{Items: more})
	a.Draw()
	if now := was.rows[was.cursor.Cursor]; !now.same(&row) {
		t.Errorf("the cursor moved from %q to %q", row.text, now.text)
	}
}

// A filter holds in every view.
func TestFilterOfAllViews(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"), sample("q3j2m5n6p7"))
	a.setFilter(`session == "q3j2m5n6p7"`)
	a.finish()
	for _, tab := range []string{"2", "4"} {
		press(a, tab)
		if n := strings.Count(text(s), "16:39:"); n != 1 {
			t.Errorf("view %s shows %d sessions:\n%s", tab, n, text(s))
		}
	}
	a.setFilter(`user == "nobody"`)
	a.finish()
	press(a, "2")
	if got := text(s); !strings.Contains(got, "nothing found in the sessions that the filter shows") {
		t.Errorf("no finding:\n%s", got)
	}
	press(a, "4")
	if got := text(s); !strings.Contains(got, "the filter shows no session") {
		t.Errorf("no session:\n%s", got)
	}
}
