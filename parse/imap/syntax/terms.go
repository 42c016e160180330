package syntax

import "strings"

// Term is a name of the protocol: where it is defined, and what it means.
type Term struct {
	Name    string // as the registry writes it; one that ends in "=" or "-" is a prefix
	RFC     string // "RFC 9051 §6.4.5", or who uses it
	Meaning string // in plain words, lower case, without a full stop
}

// Terms is a table of names, each once, in the registry's order.
type Terms []Term

// Find looks a name up, in any case; "AUTH=" finds AUTH=PLAIN.
func (t Terms) Find(name string) (Term, bool) {
	for _, term := range t {
		if len(term.Name) == len(name) && strings.EqualFold(term.Name, name) { // the length tells most apart at once
			return term, true
		}
	}
	for _, term := range t {
		if n := len(term.Name); n > 2 && n < len(name) && (term.Name[n-1] == '=' || term.Name[n-1] == '-') && strings.EqualFold(term.Name, name[:n]) {
			return term, true
		}
	}
	return Term{}, false
}
