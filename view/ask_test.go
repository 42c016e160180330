package view

import (
	"strings"
	"testing"

	"github.com/gdamore/tcell/v2"
)

// typed types text, letter by letter.
func typed(a *App, text string) {
	for _, r := range text {
		a.Handle(tcell.NewEventKey(tcell.KeyRune, r, 0))
	}
	a.finish()
	a.Draw()
}

// TestFilterWhileTyped: what the word may become and what is wrong with the
// expression stand above it, on a narrow screen too.
func TestFilterWhileTyped(t *testing.T) {
	for _, tt := range []struct {
		name, typed string
		w           int
		want, not   string
	}{
		{"fields", "lat", 80, "latency_us", ""},
		{"fields, narrow", "lat", 40, "latency_us", ""},
		{"mistake", `user = "alice"`, 80, "column 6", ""},
		{"mistake, narrow", `user = "alice"`, 40, "column 6", ""},
		{"no field inside a text", `user == "al`, 80, "column", "alpn"},
		{"nothing wrong", `user == "alice"`, 80, "filter: ", "column"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, s := newApp(t, tt.w, 12, sample("k3j2m5n6p7"))
			press(a, "f")
			typed(a, tt.typed)
			lines := strings.Split(strings.TrimRight(text(s), "\n"), "\n")
			foot := strings.Join(lines[len(lines)-2:], "\n")
			if !strings.Contains(foot, tt.want) || tt.not != "" && strings.Contains(foot, tt.not) {
				t.Errorf("want %q and not %q in\n%s", tt.want, tt.not, foot)
			}
		})
	}
}

// A filter that is wrong stays on the line with what is wrong, also for those
// who type a word that they want to see.
func TestWrongFilter(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"), sample("q3j2m5n6p7"))
	press(a, "f")
	typed(a, "alice@example.org")
	press(a, "Enter")
	if got := text(s); a.input == nil || !strings.Contains(got, "filter: alice@example.org") || !strings.Contains(got, "/ looks for text") {
		t.Errorf("a word as filter:\n%s", got)
	}
	press(a, "Ctrl-U")
	typed(a, `session == "q3j2m5n6p7"`)
	press(a, "Enter")
	if got := text(s); a.input != nil || !strings.Contains(got, "Sessions 1/2") {
		t.Errorf("a filter:\n%s", got)
	}
}

// TestCommands: every command that : completes is one, and what stands behind
// its name answers its question.
func TestCommands(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"))
	for _, step := range []struct{ command, want string }{
		{"order user", "↑user"},
		{"reverse", "↓user"},
		{"order nonsense", `no column "nonsense"`},
		{"go k3j2m5n6p7:8", ">    0.120 C a2 SELECT"},
		{"comment look here", "; look here"},
		{"filter status == \"NO\"", "TRYCREATE"},
		{"search mailbox", "TRYCREATE"},
		{"go nowhere", "no session"},
		{"sessions", "state"},
		{"nonsense", `no command "nonsense"`},
	} {
		press(a, ":")
		typed(a, step.command)
		press(a, "Enter")
		if got := text(s); !strings.Contains(got, step.want) {
			t.Errorf("%q: want %q in\n%s", step.command, step.want, got)
		}
	}
	for _, name := range a.commandNames() {
		if strings.ContainsAny(name, " ,") {
			t.Errorf("%q is no word", name)
		}
	}
}

// TestLeavingAsks: where the proxy ends with its viewer, that is asked, and
// how many sessions would be cut.
func TestLeavingAsks(t *testing.T) {
	a, s := newApp(t, 40, 10, sample("k3j2m5n6p7"))
	a.options.Parting = "the proxy ends with it"
	for _, key := range []string{"q", "Ctrl-Z"} {
		press(a, key)
		if got := text(s); !strings.Contains(got, "the proxy") || !strings.Contains(got, "session") {
			t.Errorf("%s asks:\n%s", key, got)
		}
		press(a, "n")
		if a.quit || a.popup != nil {
			t.Errorf("%s does not take no for an answer", key)
		}
	}
	a.options.Parting = ""
	press(a, "q")
	if !a.quit {
		t.Error("a viewer of captures asks before it leaves")
	}
}

// TestTypedAhead: a key behind a search acts on what the search finds, also
// where both were typed before the screen was drawn.
func TestTypedAhead(t *testing.T) {
	a, s := newApp(t, 80, 24, sample("k3j2m5n6p7"))
	press(a, "Enter", "g")
	for _, r := range "/TRYCREATE" {
		a.Handle(tcell.NewEventKey(tcell.KeyRune, r, 0))
	}
	a.Handle(tcell.NewEventKey(tcell.KeyEnter, 0, 0))
	a.Handle(tcell.NewEventKey(tcell.KeyEnter, 0, 0))
	a.Draw()
	if got := text(s); !strings.Contains(got, "response 12") {
		t.Errorf("enter typed behind the search opens:\n%s", got)
	}
}
