package finding

import (
	"regexp"
	"testing"

	"mailtap/parse/event"
)

func TestCatalogue(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9]+(\.[a-z0-9-]+)+$`)
	seen := map[string]bool{}
	for _, e := range All() {
		if !form.MatchString(e.ID) || seen[e.ID] {
			t.Errorf("id %q: malformed, or there twice", e.ID)
		}
		seen[e.ID] = true
		if e.Severity == event.SeverityNone || e.Title == "" || e.Advice == "" || e.Explain == "" {
			t.Errorf("%s: a field is missing", e.ID)
		}
	}
}

func TestNewEscapes(t *testing.T) {
	e := New("proto.wrong-service", "220 \x1b[31m", "ABC:3")
	if want := "another service answers on that port: 220 \\x1b[31m"; e.Finding.Title != want {
		t.Errorf("Title = %q, want %q", e.Finding.Title, want)
	}
	if e.Finding.Evidence[0] != "ABC:3" || e.Finding.Severity != event.SeverityError {
		t.Errorf("New = %+v", e.Finding)
	}
}
