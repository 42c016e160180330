package view

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// Over a slow line escape and the next key come together, which terminals take
// for that key with alt.
func TestEscapeAtOnce(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"))
	press(a, "Enter", "Enter")
	a.Handle(tcell.NewEventKey(tcell.KeyRune, 'q', tcell.ModAlt))
	a.Draw()
	if len(a.over) != 0 || a.quit {
		t.Errorf("escape and q in a detail show:\n%s", text(s))
	}
}

// ] and [ go through the sessions without going back to their list.
func TestNextSession(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"), sample("q3j2m5n6p7"))
	press(a, "g", "Enter", "i", "]")
	if got := a.session(); got.ID != "q3j2m5n6p7" || len(a.over) != 1 || strings.Contains(text(s), "opens the mailbox") {
		t.Errorf("] shows %s:\n%s", got.ID, text(s))
	}
	press(a, "]")
	if got := text(s); !strings.Contains(got, "no more sessions there") {
		t.Errorf("] at the last:\n%s", got)
	}
	press(a, "[", "q")
	if got := a.session(); got.ID != "k3j2m5n6p7" || len(a.over) != 0 {
		t.Errorf("[ and q: %s, %d above", got.ID, len(a.over))
	}
}

// Another form of the octets is seen, however far down they stand.
func TestFormIsSeen(t *testing.T) {
	a, s := newApp(t, 60, 10, recorded(t))
	press(a, "g", "Enter", "g", "PgDn", "Enter")
	for _, want := range []string{"octets as decoded text", "octets as headers", "octets as hex", "octets as text"} {
		press(a, "t")
		if got := text(s); !strings.Contains(got, want) {
			t.Errorf("%q is not in sight:\n%s", want, got)
		}
	}
}
