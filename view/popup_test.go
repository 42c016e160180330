package view

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// clicks presses the left button at the first cell of text, and lets it go.
func clicks(t *testing.T, a *App, s tcell.SimulationScreen, want string) {
	t.Helper()
	for y, line := range strings.Split(text(s), "\n") {
		if x := strings.Index(line, want); x >= 0 {
			x = len([]rune(line[:x]))
			a.Handle(tcell.NewEventMouse(x, y, tcell.Button1, 0))
			a.Handle(tcell.NewEventMouse(x, y, tcell.ButtonNone, 0))
			a.Draw()
			return
		}
	}
	t.Fatalf("%q is not on\n%s", want, text(s))
}

// A menu is used by its keys, by the arrows, and by the mouse.
func TestMenu(t *testing.T) {
	var did []string
	a, s := newApp(t, 40, 10, sample("k3j2m5n6p7"))
	for _, key := range "hmjebrlsS" {
		a.options.Actions.Exports = append(a.options.Actions.Exports, Export{Key: key, Title: "as " + string(key) + "!", Name: "x", Do: func([]string, string) error {
			did = append(did, string(key))
			return nil
		}})
	}
	for _, tt := range []struct {
		name string
		take func()
		want string
	}{
		{"its key", func() { press(a, "j") }, "j"},
		{"its key among two that differ in case", func() { press(a, "S") }, "S"},
		{"another case", func() { press(a, "B") }, "b"},
		{"enter", func() { press(a, "Enter") }, "h"},
		{"arrows", func() { press(a, "Down", "Down", "Down", "Up", "Enter") }, "j"},
		{"the last, which is below the screen", func() { press(a, "Up", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Enter") }, "S"},
		{"the mouse", func() { clicks(t, a, s, "as m!") }, "m"},
		{"the wheel", func() {
			for range 8 {
				a.Handle(tcell.NewEventMouse(0, 0, tcell.WheelDown, 0))
			}
			a.Draw()
			clicks(t, a, s, "as S!")
		}, "S"},
		{"a click beside it", func() { clicks(t, a, s, "Sessions") }, ""},
		{"escape", func() { press(a, "Esc") }, ""},
		{"a key that it does not have", func() { press(a, "q") }, ""},
	} {
		did = nil
		press(a, "x")
		tt.take()
		if a.popup != nil {
			t.Errorf("%s: the menu is still there", tt.name)
		}
		if a.input != nil {
			press(a, "Enter")
		}
		a.finish()
		if got := strings.Join(did, ""); got != tt.want {
			t.Errorf("%s: exported %q, want %q", tt.name, got, tt.want)
		}
	}
}

// A button that is held is one click, however often the terminal tells it.
func TestHeldButton(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"), sample("q3j2m5n6p7"))
	for range 3 {
		a.Handle(tcell.NewEventMouse(5, 2, tcell.Button1, 0))
	}
	a.Draw()
	if len(a.over) != 0 || a.session().ID != "k3j2m5n6p7" {
		t.Errorf("a held button opened the session:\n%s", text(s))
	}
}

// A click on a column's title orders by it, another turns the order round.
func TestClickTitle(t *testing.T) {
	a, s := newApp(t, 120, 24, sample("k3j2m5n6p7"), sample("q3j2m5n6p7"))
	for _, want := range []string{"↑user", "↓user", "↑user"} {
		clicks(t, a, s, "user")
		if got := text(s); !strings.Contains(got, want) {
			t.Errorf("want %s:\n%s", want, got)
		}
	}
}

// q goes back to the sessions before it asks whether to leave.
func TestBackFromAView(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"))
	press(a, "3", "?", "q", "q")
	if a.quit || a.tab != tabSessions {
		t.Errorf("q in the accounts shows:\n%s", text(s))
	}
	if press(a, "q"); !a.quit {
		t.Error("q in the sessions of a capture does not leave")
	}
}

// d takes a session that has ended off the list; what is told of it later does
// not bring it back.
func TestTakeOffTheList(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"), sample("q3j2m5n6p7"))
	found := len(a.model.causes[0].found)
	press(a, "g", "d")
	if got := text(s); !strings.Contains(got, "take session k3j2m5n6p7 off this list?") {
		t.Fatalf("d asks\n%s", got)
	}
	press(a, "y")
	late := &event.Event{Kind: event.KindFinding, Time: at(0), Context: &event.Context{Session: "k3j2m5n6p7"}, Finding: &event.Finding{ID: "net.refused"}}
	a.Add(Batch{Items: []wire.Item{{Session: "k3j2m5n6p7", Event: late}}})
	a.Draw()
	if len(a.model.Sessions) != 1 || a.model.Sessions[0].ID != "q3j2m5n6p7" || len(a.model.causes) != 1 || len(a.model.causes[0].found) >= found {
		t.Errorf("%d sessions and %d causes are left:\n%s", len(a.model.Sessions), len(a.model.causes), text(s))
	}
}

// A message that is wider than the screen is told whole.
func TestLongMessage(t *testing.T) {
	a, s := newApp(t, 40, 10, sample("k3j2m5n6p7"))
	a.say("this is what has to be known of that, and it ends with the word pomegranate")
	a.Draw()
	if got := text(s); !strings.Contains(got, "pomegranate") {
		t.Errorf("the message is cut:\n%s", got)
	}
}
