package filter

import (
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
)

func ruleEvents() *Facts {
	c := &event.Context{Session: "S1", Proto: event.IMAP, User: "alice"}
	f := &Facts{}
	for _, e := range []*event.Event{
		{Context: c, Kind: event.KindSessionOpen, Seq: 1, Route: &event.Route{Client: "127.0.0.1:5", Upstream: "imaps://h:993"}},
		{Context: c, Kind: event.KindCommand, Seq: 2, Name: "ID", Dir: event.SideClient},
		{Context: c, Kind: event.KindCommand, Seq: 3, Name: "SELECT", Dir: event.SideClient},
		{Context: c, Kind: event.KindResponse, Seq: 4, For: "SELECT", Cmd: 3, Completes: true, Latency: 3 * time.Second, Status: "OK"},
		{Context: c, Kind: event.KindFinding, Finding: &event.Finding{ID: "srv.bye"}},
		{Context: c, Kind: event.KindSessionClose, Seq: 5, Close: &event.Close{Commands: 2}},
	} {
		f.See(e)
	}
	return f
}

func TestRules(t *testing.T) {
	facts := ruleEvents()
	for _, tt := range []struct {
		expr string
		want bool
	}{
		{`none(events, .latency_us > 2000000)`, false},
		{`none(events, .latency_us > 4000000)`, true},
		{`len(sessions) == 1`, true},
		{`all(sessions, findIndex(.events, .name == "ID") < findIndex(.events, .name == "SELECT"))`, true},
		{`none(sessions, "srv.bye" in .findings)`, false},
		{`all(sessions, .commands < 3)`, true},
		{`count(sessions, .user == "alice") <= 3`, true},
	} {
		rules, err := Rules(strings.NewReader("# a comment\n\nrule: " + tt.expr + "\n"))
		if err != nil {
			t.Fatalf("Rules(%q): %v", tt.expr, err)
		}
		got, err := rules[0].Holds(facts)
		if got != tt.want || err != nil {
			t.Errorf("%s = %v, %v, want %v", tt.expr, got, err, tt.want)
		}
	}
}

// TestCulprit: a rule about each event or session names the first that breaks it.
func TestCulprit(t *testing.T) {
	facts := ruleEvents()
	for expression, want := range map[string]string{
		`none(events, .name == "SELECT")`:                              "S1:3",
		`all(events, .latency_us < 2000000 || .latency_us > 90000000)`: "S1:1",
		`none(sessions, "srv.bye" in .findings)`:                       "session S1",
		`all(sessions, .commands < 3)`:                                 "",
		`len(sessions) == 2`:                                           "",
	} {
		rules, err := Rules(strings.NewReader("rule: " + expression))
		if err != nil {
			t.Fatal(err)
		}
		if got := rules[0].Culprit(facts); got != want {
			t.Errorf("%s is broken by %q, want %q", expression, got, want)
		}
	}
}

func TestRulesRefuse(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"no colon", "line 1: a rule is NAME: EXPRESSION"},
		{"\nx: events +", "line 2: x: "},
		{"x: all(events, .latncy_us > 1)", "latncy_us"},
		{"x: len(events)", "line 1: x: "},
	} {
		_, err := Rules(strings.NewReader(tt.text))
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Rules(%q): %v, want %q in one line", tt.text, err, tt.want)
		}
	}
}
