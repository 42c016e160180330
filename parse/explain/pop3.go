package explain

import "mailtap/parse/event"

// pop3Note words a POP3 event.
func pop3Note(e *event.Event) string { return "" }

// pop3RFC is where the line of a POP3 event is defined.
func pop3RFC(e *event.Event) string { return "" }
