package transcript

import (
	"bufio"
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/explain"
)

// markdown is the form for issues and chats: the parties as a list, the lines
// in a code block, findings as quotes between.
type markdown struct {
	out     *bufio.Writer
	options Options
	lines   *text // writes inside code blocks
	open    bool  // a code block is
	written bool
}

func newMarkdown(out *bufio.Writer, o Options) *markdown {
	o.Colour = false
	o.Width = 100
	return &markdown{out: out, options: o, lines: newText(out, o)}
}

func (m *markdown) heading(h Heading) {
	m.section("## " + plain(h.Title()))
	m.put("- " + h.Start.In(m.options.Location).Format("2006-01-02 15:04:05 MST"))
	m.put("- client: " + code(h.client()))
	m.put("- mailtap: " + code(h.proxy()))
	m.put("- server: " + code(h.server()))
	m.put("")
}

func (m *markdown) resume(title string) {
	m.section("**" + plain(title) + "**, goes on:")
}

func (m *markdown) line(at time.Duration, e *event.Event) {
	if e.Finding != nil {
		m.finding(e.Finding)
		return
	}
	if !m.open {
		m.put("```")
		m.open = true
	}
	m.lines.line(at, e)
}

func (m *markdown) finding(f *event.Finding) {
	m.fence()
	m.put("")
	m.put("> **" + f.Severity.String() + "** " + code(f.ID) + ": " + plain(f.Title))
	if f.Advice != "" {
		m.put(">")
		m.put("> " + plain(f.Advice))
	}
	m.put("")
}

func (m *markdown) closing(e *event.Event) {
	m.fence()
	m.put("")
	for _, line := range ClosingWords(e) {
		m.put(plain(line))
	}
}

func (m *markdown) outside(e *event.Event) {
	if e.Finding != nil {
		m.finding(e.Finding)
		return
	}
	m.section(plain(explain.AsLine(e).Text))
}

func (m *markdown) end() { m.fence() }

// section ends what is open and begins anew.
func (m *markdown) section(line string) {
	m.fence()
	if m.written {
		m.put("")
	}
	m.put(line)
	m.put("")
}

// fence ends the code block. No line of a session can: all of them begin with
// their time or with blanks.
func (m *markdown) fence() {
	if m.open {
		m.put("```")
		m.open = false
	}
}

func (m *markdown) put(line string) {
	m.written = true
	m.out.WriteString(line)
	m.out.WriteByte('\n')
}

// code is text as a code span, in which nothing is markup.
func code(s string) string {
	return "`" + strings.ReplaceAll(safe(s), "`", "'") + "`"
}

// plain is text in which nothing is markup.
func plain(s string) string {
	var b strings.Builder
	for _, r := range safe(s) {
		if strings.ContainsRune("\\`*_{}[]<>#|~&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
