package transcript

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/explain"
	"mailtap/parse/layout"
	"mailtap/parse/wire"
)

// text is the form for terminals:
//
//	IMAP session AE7QK2M7QA                          2026-11-23 17:39:44
//	  client   127.0.0.1:51234, TLS 1.3 for imap.example.org
//	  mailtap  imaps://127.0.0.1:1993
//	  server   imaps://imap.example.org:993 at 192.0.2.1:993, reached in 12 ms, TLS 1.3
//
//	  0.042  C: a1 LOGIN alice "******"               logs in as alice
//	  0.055  S: a1 OK done                            12 ms
type text struct {
	layout.Painter
	out      *bufio.Writer
	width    int
	location *time.Location
	written  bool
}

func newText(out *bufio.Writer, o Options) *text {
	return &text{Painter: layout.Painter(o.Colour), out: out, width: max(o.Width, 40), location: o.Location}
}

const (
	indent     = timeColumns + 1 + 3 // where lines begin
	hang       = 2                   // of what stands below a line, behind indent
	noteColumn = 44                  // where notes begin, behind indent
)

func (t *text) heading(h Heading) {
	t.gap()
	title := h.Title()
	at := h.Start.In(t.location).Format(time.DateTime)
	pad := max(t.width-layout.Width(title)-len(at), 2)
	t.put(t.Paint(layout.Strong, title) + strings.Repeat(" ", pad) + t.Paint(layout.Quiet, at))
	t.party("client ", h.client())
	t.party("mailtap", h.proxy())
	t.party("server ", h.server())
	t.put("")
}

func (t *text) party(name, what string) {
	const left = 11
	for i, line := range layout.Wrap(what, t.width-left) {
		if i > 0 {
			name = strings.Repeat(" ", len(name))
		}
		t.put("  " + t.Paint(layout.Quiet, name) + "  " + line)
	}
}

func (t *text) resume(title string) {
	t.gap()
	t.put(t.Paint(layout.Strong, title) + t.Paint(layout.Quiet, ", goes on"))
}

func (t *text) line(at time.Duration, e *event.Event) {
	n := explain.AsLine(e)
	left := t.Paint(layout.Quiet, since(at)) + " " + t.Paint(n.MarkTone, n.Mark) + " "
	for _, row := range layout.Arrange(n.Text, n.Note, t.width-indent, noteColumn) {
		t.put(left + t.Paint(n.Tone, row.Text) + row.Gap + t.Paint(layout.Quiet, row.Note))
		left = strings.Repeat(" ", indent)
	}
	for _, paragraph := range n.Below {
		t.below(n.BelowIs, paragraph)
	}
}

// below writes a paragraph under a line.
func (t *text) below(tone layout.Tone, paragraph string) {
	for _, line := range layout.Wrap(paragraph, t.width-indent-hang) {
		t.put(strings.Repeat(" ", indent+hang) + t.Paint(tone, line))
	}
}

func (t *text) closing(e *event.Event) {
	t.put("")
	for _, line := range ClosingWords(e) {
		for _, piece := range layout.Wrap(line, t.width-2) {
			t.put("  " + t.Paint(layout.Quiet, piece))
		}
	}
}

func (t *text) outside(e *event.Event) {
	t.gap()
	n := explain.AsLine(e)
	t.put(t.Paint(n.MarkTone, n.Mark) + " " + t.Paint(n.Tone, n.Text))
	for _, paragraph := range n.Below {
		t.below(n.BelowIs, paragraph)
	}
}

func (t *text) end() {}

// gap is an empty line between sessions.
func (t *text) gap() {
	if t.written {
		t.put("")
	}
}

func (t *text) put(line string) {
	t.written = true
	t.out.WriteString(strings.TrimRight(line, " "))
	t.out.WriteByte('\n')
}

// ClosingWords sum a session up: how it ended, and what it was.
func ClosingWords(e *event.Event) []string {
	c := e.Close
	ended := "the session ended"
	switch c.By {
	case event.SideClient, event.SideServer:
		ended = "ended by the " + c.By.String()
	case event.SideProxy:
		ended = "ended by mailtap"
	}
	ended += " after " + explain.Lasted(c.Duration)
	if c.Reason != "" {
		ended += ": " + safe(c.Reason)
	}
	totals := fmt.Sprintf("%s; %s from the client, %s to it", count(c.Commands, "command"), count(c.BytesC, "byte"), count(c.BytesS, "byte"))
	return filled(ended+"; "+totals, safe(c.Summary))
}

func filled(lines ...string) []string {
	var full []string
	for _, l := range lines {
		if l != "" {
			full = append(full, l)
		}
	}
	return full
}

// count is a number of things.
func count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// words joins what is said, leaving out what is not.
func words(parts ...string) string { return strings.Join(filled(parts...), ", ") }

// safe is text that may be shown: names that peers chose may be in it.
func safe(s string) string { return wire.Escape([]byte(s)) }
