package view

import "testing"

// What is looked for without capitals and without an expression is found as
// the expression would find it.
func TestSearchText(t *testing.T) {
	for _, tt := range []struct {
		search, text string
		want         bool
	}{
		{"select", "a1 SELECT INBOX", true},
		{"select", "a1 sElEc", false},
		{"x", "", false},
		{"inbox", "INBOX", true},
		{"grüße", "GRÜSSE Grüße", true},
		{"a", "Ä", false},
		{"Select", "SELECT", false},
		{"se.ect", "SELECT", true},
		{"(", "a (b", true},
		{"@{[", "@{[", true},
		{"ccd", "cccd", true},
	} {
		a := &App{}
		a.setSearch(tt.search)
		if got := a.search.in(tt.text); got != tt.want {
			t.Errorf("%q in %q: %v", tt.search, tt.text, got)
		}
		if a.search.fold != "" && a.search.find.MatchString(tt.text) != tt.want {
			t.Errorf("%q in %q: the expression says otherwise", tt.search, tt.text)
		}
	}
}
