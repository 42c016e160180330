// Package explain says in plain words what an event means, and where that is
// defined. It is asked when somebody wants to read: the log, the exports, the
// screen, a filter that names the note. Protocol packages word nothing.
//
// Words that came with an event (from JSON, or with a capture of another
// version) win over words made here. Notes are short, begin in lower case, end
// without a full stop, and are safe to be shown: whatever a mail or a peer put
// into them is escaped. What they say is what this line does here, from the
// event's data; imap_command.go and imap_response.go have a function for each
// type of data, pop3.go the same for POP3, words.go what they share.
package explain

import (
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Note is what a protocol event means, in plain words; "" where there is
// nothing to add to its text.
func Note(e *event.Event) string {
	if e.Note != "" || !e.Kind.Protocol() {
		return e.Note
	}
	note := ""
	switch proto(e) {
	case event.IMAP:
		note = imapNote(e)
	case event.POP3:
		note = pop3Note(e)
	}
	return wire.Escape([]byte(clip(note, maxNote)))
}

// RFC is where that is defined, as "RFC 9051 §6.4.5", or "".
func RFC(e *event.Event) string {
	if e.RFC != "" || !e.Kind.Protocol() {
		return e.RFC
	}
	switch proto(e) {
	case event.IMAP:
		return imapRFC(e)
	case event.POP3:
		return pop3RFC(e)
	}
	return ""
}

// Detail is a name in an event, and what it is for.
type Detail struct {
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
	RFC     string `json:"rfc,omitempty"`
}

// Details is the names in an event that deserve a line each: capabilities,
// flags, response codes, rights. For views of a single event.
func Details(e *event.Event) []Detail {
	switch proto(e) {
	case event.IMAP:
		return imapDetails(e)
	case event.POP3:
		return pop3Details(e)
	}
	return nil
}

// proto is the protocol of an event's session.
func proto(e *event.Event) event.Proto {
	if e.Context == nil {
		return event.ProtoNone
	}
	return e.Proto
}
