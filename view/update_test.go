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
