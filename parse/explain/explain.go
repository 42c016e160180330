// Package explain says in plain words what an event means, and where that is
// defined. It is asked when somebody wants to read: the log, the exports, the
// screen, a filter that names the note. Protocol packages word nothing.
//
// Words that came with an event (from JSON, or with a capture of another
// version) win over words made here.
package explain

import "mailtap/parse/event"

// Note is what a protocol event means, in plain words; "" where there is
// nothing to add to its text.
func Note(e *event.Event) string {
	return e.Note
}

// RFC is where that is defined, as "RFC 9051 §6.4.5", or "".
func RFC(e *event.Event) string {
	return e.RFC
}
