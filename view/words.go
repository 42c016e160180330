package view

import (
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/explain"
)

// headline is an event in one line.
func headline(e *event.Event) string {
	switch {
	case e.Kind.Protocol():
		return e.Text
	case e.Finding != nil:
		return e.Finding.Severity.String() + " " + e.Finding.ID + ": " + e.Finding.Title
	case e.Kind == event.KindMark:
		return explain.Message(e)
	case e.TLS != nil:
		return explain.Message(e) + peer(e.TLS)
	case e.Text != "":
		return e.Text
	}
	return explain.Message(e)
}

// peer is what the handshake's line says besides: the name asked for, and a
// certificate that was not verified.
func peer(t *event.TLS) string {
	line := ""
	if t.SNI != "" {
		line = ", name " + t.SNI
	}
	if len(t.Peer) > 0 && !t.Peer[0].Verified {
		line += ", certificate not verified: " + t.Peer[0].Reason
	}
	return line
}

// note is what an event means, in words; "" for what is words already.
func note(e *event.Event) string {
	if !e.Kind.Protocol() {
		return e.Note
	}
	return strings.TrimSpace(explain.Note(e))
}
