package eventlog

import (
	"bytes"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/layout"
	"mailtap/parse/wire"
)

// Colours of a terminal (ECMA-48 SGR). Which of them say something: red what
// failed, yellow what is not as it should be; the rest only tells apart.
const (
	plain   = ""
	dim     = "\x1b[2m"
	bold    = "\x1b[1m"
	red     = "\x1b[31m"
	green   = "\x1b[32m"
	yellow  = "\x1b[33m"
	blue    = "\x1b[34m"
	magenta = "\x1b[35m"
	cyan    = "\x1b[36m"
	reset   = "\x1b[0m"
)

// The columns of a line: time, the end of the session's id, who speaks.
const (
	timeLayout = "15:04:05.000"
	idColumns  = 4
	indent     = len(timeLayout) + 1 + idColumns + 1 + 3
	noteColumn = 46 // where notes begin, counted from indent, if the line is short
)

// pretty writes events for people:
//
//	17:39:44.123 k7qa C: a1 LOGIN alice "******"        logs in as alice
type pretty struct {
	colour   bool
	width    int
	location *time.Location
}

func newPretty(o Options) *pretty {
	p := &pretty{colour: o.Colour, width: o.Width, location: o.Location}
	if p.width <= 0 {
		p.width = 120
	}
	p.width = max(p.width, indent+20)
	if p.location == nil {
		p.location = time.Local
	}
	return p
}

// entry is an event as the columns that it fills.
type entry struct {
	mark   string // who speaks, or what it is: two columns
	colour string // of mark
	text   string
	strong string   // colour of text
	note   string   // beside the text, or below it
	below  []string // each a paragraph of its own
	alarm  string   // colour of what is below
}

func (p *pretty) write(b *bytes.Buffer, e *event.Event) {
	n := compose(e)
	p.paint(b, dim, e.Time.In(p.location).Format(timeLayout))
	b.WriteByte(' ')
	id, colour := sessionColumn(e)
	p.paint(b, colour, layout.Pad(id, idColumns))
	b.WriteByte(' ')
	p.paint(b, n.colour, layout.Pad(n.mark, 2))
	b.WriteByte(' ')
	p.body(b, n)
	for _, text := range n.below {
		p.below(b, n.alarm, text)
	}
}

// body writes the text with its note beside it where there is room.
func (p *pretty) body(b *bytes.Buffer, n entry) {
	room := p.width - indent
	text := layout.Cut(n.text, room)
	p.paint(b, n.strong, text)
	gap := max(noteColumn-layout.Width(text), 2)
	if n.note == "" {
		b.WriteByte('\n')
		return
	}
	if layout.Width(text)+gap+layout.Width(n.note) > room {
		gap = 2
	}
	if layout.Width(text)+gap+layout.Width(n.note) <= room {
		b.WriteString(strings.Repeat(" ", gap))
		p.paint(b, dim, n.note)
		b.WriteByte('\n')
		return
	}
	b.WriteByte('\n')
	p.below(b, dim, n.note)
}

// below writes a paragraph under the text.
func (p *pretty) below(b *bytes.Buffer, colour, text string) {
	const hang = 2
	for _, line := range layout.Wrap(text, p.width-indent-hang) {
		b.WriteString(strings.Repeat(" ", indent+hang))
		p.paint(b, colour, line)
		b.WriteByte('\n')
	}
}

// paint writes text in a colour, if there are colours.
func (p *pretty) paint(b *bytes.Buffer, colour, text string) {
	if !p.colour || colour == plain || text == "" {
		b.WriteString(text)
		return
	}
	b.WriteString(colour)
	b.WriteString(text)
	b.WriteString(reset)
}

// sessionColumn is the end of the session's id, which is its random part, in
// a colour that tells parallel sessions apart.
func sessionColumn(e *event.Event) (id, colour string) {
	if e.Context == nil {
		return "", plain
	}
	id = safe(e.Session)
	if len(id) > idColumns {
		id = id[len(id)-idColumns:]
	}
	sum := 0
	for _, c := range []byte(id) {
		sum = sum*31 + int(c)
	}
	colours := [...]string{cyan, blue, magenta, green, yellow}
	return id, colours[uint(sum)%uint(len(colours))]
}

func compose(e *event.Event) entry {
	switch {
	case e.Finding != nil:
		return composeFinding(e.Finding)
	case e.Route != nil:
		return composeRoute(e)
	case e.TLS != nil:
		return composeTLS(e.TLS)
	case e.Close != nil:
		return entry{mark: "--", colour: dim, text: safe(explain.Message(e)) + " (session " + safe(e.Session) + ")"}
	case e.Kind.Protocol():
		return composeProtocol(e)
	}
	text := e.Text
	if text == "" {
		text = explain.Message(e)
	}
	n := entry{mark: "--", colour: dim, text: safe(text)}
	switch explain.Level(e) {
	case "error":
		n.strong = red
	case "warn":
		n.strong = yellow
	}
	return n
}

func composeProtocol(e *event.Event) entry {
	n := entry{mark: e.Dir.String(), text: safe(e.Text), note: safe(explain.Note(e))}
	switch e.Dir {
	case event.SideClient:
		n.mark, n.colour = "C:", cyan
	case event.SideServer:
		n.mark, n.colour = "S:", green
	case event.SideProxy:
		n.mark, n.colour = "P:", magenta
	}
	if e.Leg == event.LegServer {
		n.note = joined("; ", "between mailtap and the server only", n.note)
	}
	if refused(e) {
		n.strong = red
	}
	if e.Completes {
		n.note = joined(" · ", explain.Took(e.Latency), n.note)
	}
	if e.Error != "" {
		n.alarm = yellow
		n.below = append(n.below, "not as the syntax wants it: "+safe(e.Error))
	}
	if e.Altered {
		n.below = append(n.below, "altered by mailtap; the server's side has: "+safe(e.Other))
	}
	return n
}

// refused reports whether the server said no.
func refused(e *event.Event) bool {
	return e.Status == "NO" || e.Status == "BAD" || e.Status == "-ERR"
}

func composeFinding(f *event.Finding) entry {
	n := entry{mark: "!!", text: f.Severity.String() + " " + safe(f.ID) + ": " + safe(f.Title)}
	switch f.Severity {
	case event.SeverityError:
		n.colour, n.strong = red, bold+red
	case event.SeverityWarning:
		n.colour, n.strong = yellow, bold+yellow
	default:
		n.mark, n.colour, n.strong = "!i", blue, bold
	}
	if f.Advice != "" {
		n.below = []string{safe(f.Advice)}
	}
	return n
}

func composeRoute(e *event.Event) entry {
	r := e.Route
	switch e.Kind {
	case event.KindListening:
		n := entry{mark: "==", colour: bold, strong: bold, text: safe("listening on " + r.Listen + " for " + r.Upstream)}
		if r.Settings != "" {
			n.below = []string{safe(r.Settings)}
		}
		return n
	case event.KindSessionOpen:
		return entry{mark: "++", colour: bold, text: safe(r.Client+" -> "+r.Upstream) + " (session " + safe(e.Session) + ")"}
	}
	n := entry{mark: "--", colour: dim, text: safe(explain.Message(e))}
	if r.Failure != "" {
		n.colour, n.strong = red, red
	}
	return n
}

func composeTLS(t *event.TLS) entry {
	n := entry{mark: "--", colour: dim, text: safe(explain.Message(&event.Event{TLS: t}))}
	if t.Failure != "" {
		n.colour, n.strong = red, red
		if t.Advice != "" {
			n.below = []string{safe(t.Advice)}
		}
	}
	return n
}

// safe is text that no peer can steer a terminal with. Event text is escaped
// already; names that a peer chose (a certificate's, SNI, ID) may not be.
func safe(text string) string { return wire.Escape([]byte(text)) }

func joined(sep string, parts ...string) string {
	var full []string
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, sep)
}
