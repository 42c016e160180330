package view

import (
	"strings"
	"testing"
)

// The filter holds in the accounts: they are those of the sessions that it shows.
func TestFilterHoldsInAccounts(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"), sample("q3j2m5n6p7"))
	press(a, "3")
	wants(t, s, "alice@example.org at example.org")
	rows := len(a.panes[tabAccounts].(*accounts).rows)
	a.setFilter(`session == "q3j2m5n6p7"`)
	a.finish()
	a.Draw()
	if got := len(a.panes[tabAccounts].(*accounts).rows); got != rows-1 {
		t.Errorf("one of two sessions is shown in %d rows, two are in %d:\n%s", got, rows, text(s))
	}
	a.setFilter(`user == "bob"`)
	a.finish()
	a.Draw()
	wants(t, s, "the filter shows no session of an account")
}

// A filter for marks shows the lines that are marked, also those that are
// marked while it holds.
func TestFilterFindsMarks(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"))
	press(a, "Enter", "g", "j", "m")
	a.model.Mark("k3j2m5n6p7:8", "why this one?")
	a.setFilter(`event == "mark"`)
	a.finish()
	a.Draw()
	if n := a.visible(a.model.Sessions[0]); n != 2 {
		t.Fatalf("%d lines are shown, marked are two:\n%s", n, text(s))
	}
	a.setFilter(`event == "mark" && text contains "why"`)
	a.finish()
	a.Draw()
	if got := text(s); !strings.Contains(got, "a2 SELECT INBOX") || strings.Contains(got, "connected to") {
		t.Errorf("the comment's line is not shown alone:\n%s", got)
	}
	a.setFilter(`event == "mark"`)
	a.finish()
	press(a, "g", "m")
	a.finish()
	if n := a.visible(a.model.Sessions[0]); n != 1 {
		t.Errorf("%d lines are shown, one is still marked:\n%s", n, text(s))
	}
}
