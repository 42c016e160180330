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

// The columns of a line: time, the end of the session's id, who speaks.
const (
	timeLayout = "15:04:05.000"
	idColumns  = 4
	indent     = len(timeLayout) + 1 + idColumns + 1 + 3
	hang       = 2  // of what stands below, behind indent
	noteColumn = 46 // where notes begin, counted from indent, if the line is short
)

// pretty writes events for people:
//
//	17:39:44.123 k7qa C: a1 LOGIN alice "******"        logs in as alice
type pretty struct {
	layout.Painter
	width    int
	location *time.Location
}

func newPretty(o Options) *pretty {
	p := &pretty{Painter: layout.Painter(o.Colour), width: o.Width, location: o.Location}
	if p.width <= 0 {
		p.width = 120
	}
	p.width = max(p.width, indent+20)
	if p.location == nil {
		p.location = time.Local
	}
	return p
}

func (p *pretty) write(b *bytes.Buffer, e *event.Event) {
	n := explain.AsLine(e)
	if e.Context != nil && (e.Kind == event.KindSessionOpen || e.Kind == event.KindSessionClose) {
		n.Text += " (session " + wire.Escape([]byte(e.Session)) + ")"
	}
	b.WriteString(p.Paint(layout.Quiet, e.Time.In(p.location).Format(timeLayout)))
	b.WriteByte(' ')
	id, tone := sessionColumn(e)
	b.WriteString(p.Paint(tone, layout.Pad(id, idColumns)))
	b.WriteByte(' ')
	b.WriteString(p.Paint(n.MarkTone, n.Mark))
	b.WriteByte(' ')
	if e.Kind.Protocol() {
		n.Text = layout.Cut(n.Text, p.width-indent) // the JSON log and the capture have all of it
	}
	p.body(b, n)
	for _, text := range n.Below {
		p.below(b, n.BelowIs, text)
	}
}

// body writes the text and its note.
func (p *pretty) body(b *bytes.Buffer, n explain.Line) {
	for i, row := range layout.Arrange(n.Text, n.Note, p.width-indent, noteColumn) {
		if i > 0 {
			b.WriteString(strings.Repeat(" ", indent))
		}
		b.WriteString(p.Paint(n.Tone, row.Text) + row.Gap + p.Paint(layout.Quiet, row.Note) + "\n")
	}
}

// below writes a paragraph under the text.
func (p *pretty) below(b *bytes.Buffer, tone layout.Tone, text string) {
	for _, line := range layout.Wrap(text, p.width-indent-hang) {
		b.WriteString(strings.Repeat(" ", indent+hang) + p.Paint(tone, line) + "\n")
	}
}

// sessionColumn is the end of the session's id, which is its random part, in
// a colour that tells parallel sessions apart.
func sessionColumn(e *event.Event) (id string, tone layout.Tone) {
	if e.Context == nil {
		return "", layout.Plain
	}
	id = wire.Escape([]byte(e.Session))
	if len(id) > idColumns {
		id = id[len(id)-idColumns:]
	}
	sum := 0
	for _, c := range []byte(id) {
		sum += int(c)
	}
	tones := [...]layout.Tone{layout.Client, layout.Server, layout.Proxy, layout.Info}
	return id, tones[sum%len(tones)]
}
