package explain

import (
	"fmt"
	"strings"
	"time"

	"mailtap/parse/event"
)

// Message is an event as one sentence for people: the field "message".
func Message(e *event.Event) string {
	_, message := Words(e)
	return message
}

// Words are Note and Message, for those who want both: the note, which most
// messages are, is worded once.
func Words(e *event.Event) (note, message string) {
	note = Note(e)
	return note, worded(e, note)
}

func worded(e *event.Event, note string) string {
	if e.Message != "" {
		return e.Message
	}
	switch {
	case e.Route != nil:
		return routeMessage(e)
	case e.TLS != nil:
		return tlsMessage(e.TLS)
	case e.Finding != nil:
		return e.Finding.Title
	case e.Close != nil:
		return closeMessage(e.Close)
	case e.Kind.Protocol():
		return protocolMessage(e, note)
	case e.Kind == event.KindMark:
		return markMessage(e)
	}
	return ""
}

// markMessage words a user's mark.
func markMessage(e *event.Event) string {
	on := ""
	if e.After != 0 {
		on = fmt.Sprintf(" on event %d", e.After)
	}
	switch e.Text {
	case "":
		return "the mark" + on + " was taken away"
	case event.MarkAlone:
		return "a mark" + on
	}
	return "comment" + on + ": " + e.Text
}

// routeMessage words listening, session.open and upstream.open.
func routeMessage(e *event.Event) string {
	r := e.Route
	switch e.Kind {
	case event.KindListening:
		return joined("; ", "listening on "+r.Listen+" for "+r.Upstream, r.Settings)
	case event.KindSessionOpen:
		return "a client connected from " + r.Client + " to " + r.Listen
	case event.KindUpstreamOpen:
		if r.Failure != "" {
			return "the server cannot be reached: " + r.Failure
		}
		said := "connected to the server"
		if r.Server != "" {
			said += " at " + r.Server
		}
		if r.Dial.Known {
			said += " in " + Took(r.Dial.D)
		}
		return said
	}
	return ""
}

func tlsMessage(t *event.TLS) string {
	if t.Failure != "" {
		return "the TLS handshake with the " + t.Side.String() + " failed: " + t.Failure
	}
	said := t.Version + " with the " + t.Side.String()
	if t.Cipher != "" {
		said += ", " + t.Cipher
	}
	if t.Resumed {
		said += ", resumed"
	}
	return said
}

func closeMessage(c *event.Close) string {
	said := "the session ended"
	if c.By != event.SideNone {
		said = "ended by " + byWhom(c.By)
	}
	said += " after " + Lasted(c.Duration)
	return joined(": ", said, joined("; ", c.Summary, c.Reason))
}

func byWhom(s event.Side) string {
	if s == event.SideProxy {
		return "mailtap"
	}
	return "the " + s.String()
}

// protocolMessage is the note, or else who says what.
func protocolMessage(e *event.Event, note string) string {
	if note != "" {
		return note
	}
	who := byWhom(e.Dir)
	switch e.Kind {
	case event.KindGreeting:
		return who + " greets"
	case event.KindCommand:
		return joined(" ", who+" sends", e.Name)
	case event.KindContinuation:
		return joined(" ", who+" asks to go on", about("with", e.For))
	case event.KindClientData:
		return joined(" ", who+" goes on", about("with", e.For))
	case event.KindOctets:
		return fmt.Sprintf("%s sends %d bytes that cannot be read as lines", who, e.Bytes)
	}
	return joined(" ", who+" answers", joined(" ", e.Status, e.Name), about("to", e.For))
}

func about(word, name string) string {
	if name == "" {
		return ""
	}
	return word + " " + name
}

// joined puts the parts that are not empty together.
func joined(sep string, parts ...string) string {
	var full []string
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, sep)
}

// Lasted is how long a session was open, no finer than a capture keeps it.
func Lasted(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "less than 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return Took(d.Truncate(time.Millisecond))
}

// Took is a duration as people read it, with three digits at most: 840 µs,
// 12.3 ms, 4.2 s, 3 min 20 s.
func Took(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
