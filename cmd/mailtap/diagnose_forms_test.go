package main

import (
	"strings"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/finding"
)

func found(id string, severity event.Severity, title string) *finding.Found {
	return &finding.Found{Finding: event.Finding{ID: id, Severity: severity, Title: title, Advice: "do this", Count: 1}}
}

// What is wrong comes whole, and first; of what was seen besides a line tells.
func TestDiagnoseTextKeepsObservationsShort(t *testing.T) {
	wrong := found("tls.port.tls-on-plain", event.SeverityError, "the client speaks TLS")
	seen := []*finding.Found{
		found("conn.who-closed", event.SeverityInfo, "left: in state a"), found("srv.bye", event.SeverityInfo, "bye: gone"),
		found("conn.who-closed", event.SeverityInfo, "left: in state b"),
	}
	const observed = `
observed as well (--full says more):
  conn.who-closed: the connection ended without LOGOUT or QUIT (2 times)
  srv.bye: bye: gone
`
	for _, tt := range []struct {
		name  string
		found []*finding.Found
		want  string
	}{
		{"wrong and seen", append([]*finding.Found{wrong}, seen...), "error  tls.port.tls-on-plain\n  the client speaks TLS\n  what to do: do this\n  see: RFC 8314 §3\n" + observed},
		{"seen alone", seen, "no error and no warning was found\n" + observed},
		{"wrong alone", []*finding.Found{wrong}, "error  tls.port.tls-on-plain\n  the client speaks TLS\n  what to do: do this\n  see: RFC 8314 §3\n"},
	} {
		var b strings.Builder
		if err := diagnoseText(&b, nil, tt.found); err != nil || b.String() != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", tt.name, err, b.String(), tt.want)
		}
	}
}

func TestWrappedIndentsParagraphsEvenly(t *testing.T) {
	words := strings.Repeat("word ", 20)
	for _, tt := range []struct{ prefix, second string }{{"  ", "  word"}, {"    ", "    word"}, {"  what to do: ", "    word"}} {
		var b strings.Builder
		if err := wrapped(&b, tt.prefix, words); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(b.String(), "\n"); !strings.HasPrefix(lines[1], tt.second) {
			t.Errorf("wrapped(%q):\n%s", tt.prefix, b.String())
		}
	}
}
