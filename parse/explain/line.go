package explain

import (
	"mailtap/parse/event"
	"mailtap/parse/layout"
	"mailtap/parse/wire"
)

// Line is an event as a line for people: the log, the transcript and the
// viewer arrange these parts. All of it is safe to be shown.
type Line struct {
	Mark     string // who speaks, or what it is: two columns
	MarkTone layout.Tone
	Text     string
	Tone     layout.Tone
	Note     string   // beside the text, or below it
	Below    []string // paragraphs
	BelowIs  layout.Tone
}

// AsLine is e as a line.
func AsLine(e *event.Event) Line {
	switch {
	case e.Finding != nil:
		return findingLine(e.Finding)
	case e.Route != nil:
		return routeLine(e)
	case e.TLS != nil:
		return tlsLine(e)
	case e.Kind.Protocol():
		return protocolLine(e)
	}
	text := joined(": ", e.Text, Message(e))
	if e.Kind == event.KindMark { // its message has the text
		text = Message(e)
	}
	n := Line{Mark: "--", MarkTone: layout.Quiet, Text: safe(text)}
	switch Level(e) {
	case "error":
		n.Tone = layout.Bad
	case "warn":
		n.Tone = layout.Warn
	}
	return n
}

func protocolLine(e *event.Event) Line {
	n := Line{Text: safe(e.Text), Note: safe(Note(e)), BelowIs: layout.Warn}
	switch e.Dir {
	case event.SideClient:
		n.Mark, n.MarkTone = "C:", layout.Client
	case event.SideServer:
		n.Mark, n.MarkTone = "S:", layout.Server
	case event.SideProxy:
		n.Mark, n.MarkTone = "P:", layout.Proxy
	}
	if e.Leg == event.LegServer {
		n.Note = joined("; ", "between mailtap and the server only", n.Note)
	}
	if Refused(e) {
		n.Tone = layout.Bad
	}
	if e.Completes {
		n.Note = joined(" · ", Took(e.Latency), n.Note)
	}
	if e.Error != "" {
		n.Below = append(n.Below, "not as the syntax wants it: "+safe(e.Error))
	}
	if e.Altered {
		n.Below = append(n.Below, "altered by mailtap; the server's side has: "+safe(e.Other))
	}
	return n
}

// Refused reports whether e is a server's no.
func Refused(e *event.Event) bool {
	return e.Status == "NO" || e.Status == "BAD" || e.Status == "-ERR"
}

func findingLine(f *event.Finding) Line {
	n := Line{Mark: "!!", Text: f.Severity.String() + " " + safe(f.ID) + ": " + safe(f.Title)}
	switch f.Severity {
	case event.SeverityError:
		n.MarkTone, n.Tone = layout.Alarm, layout.Alarm
	case event.SeverityWarning:
		n.MarkTone, n.Tone = layout.Warn, layout.Warn
	default:
		n.Mark, n.MarkTone, n.Tone = "!i", layout.Info, layout.Strong
	}
	if f.Advice != "" {
		n.Below = []string{safe(f.Advice)}
	}
	return n
}

func routeLine(e *event.Event) Line {
	r := e.Route
	switch e.Kind {
	case event.KindListening:
		n := Line{Mark: "==", MarkTone: layout.Strong, Tone: layout.Strong, Text: safe("listening on " + r.Listen + " for " + r.Upstream)}
		if r.Settings != "" {
			n.Below = []string{safe("in the mail client: " + r.Settings)}
		}
		return n
	case event.KindSessionOpen:
		return Line{Mark: "++", MarkTone: layout.Strong, Text: safe(r.Client + " -> " + r.Upstream)}
	}
	n := Line{Mark: "--", MarkTone: layout.Quiet, Text: safe(Message(e))}
	if r.Failure != "" {
		n.MarkTone, n.Tone = layout.Bad, layout.Bad
	}
	return n
}

func tlsLine(e *event.Event) Line {
	n := Line{Mark: "--", MarkTone: layout.Quiet, Text: safe(Message(e))}
	if e.TLS.Failure != "" {
		n.MarkTone, n.Tone = layout.Bad, layout.Bad // what to do says the finding that follows
	}
	return n
}

// safe is text that no peer can steer a terminal with. Event text is escaped
// already; names that a peer chose (a certificate's, SNI, ID) may not be.
func safe(text string) string { return wire.Escape([]byte(text)) }
