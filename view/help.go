package view

import (
	"strings"

	"mailtap/view/widget"
)

// pager shows lines of text: help, a comparison.
type pager struct {
	name   string
	lines  []string
	cursor widget.List
	in     where
}

func newPager(name, text string) *pager {
	return &pager{name: name, lines: strings.Split(strings.TrimRight(text, "\n"), "\n"), in: inHelp}
}

// newHelp lists every key: those for everywhere, then those of each view.
func newHelp() *pager {
	var b strings.Builder
	b.WriteString("Keys\n")
	for i := range bindings {
		if bindings[i].in == everywhere {
			helpLine(&b, &bindings[i])
		}
	}
	for _, part := range []struct {
		title string
		in    where
	}{
		{"No session yet", inWelcome}, {"Sessions", inSessions}, {"Transcript of a session", inTranscript}, {"Detail of a line", inDetail},
		{"Findings", inFindings}, {"Accounts and TLS", inAccounts | inTLS}, {"Log", inLog},
	} {
		b.WriteString("\n" + part.title + "\n")
		for i := range bindings {
			if bn := &bindings[i]; bn.in != everywhere && bn.in&part.in != 0 {
				helpLine(&b, bn)
			}
		}
	}
	b.WriteString("\n" + legend)
	return newPager("Help", b.String())
}

const legend = `Signs
  C S           from the client, from the server
  P             made by mailtap itself
  ~             on the server's leg alone: the client never saw it
  !             a finding
  *             marked
Commands, behind :
  each key's has a name, which tab completes; what follows it answers the
  question that the key would ask, as in
  :save today.pcapng
  :order findings
  :go SESSION:SEQ
Filter
  an expression over the fields of an event, for example
  user == "alice" && latency_us > 100000
  status in ["NO", "BAD"] || event == "finding"
The mouse works too: a click selects, another opens, one on a title orders, the
wheel scrolls.`

func helpLine(b *strings.Builder, bn *binding) {
	labels := make([]string, len(bn.keys))
	for i, k := range bn.keys {
		labels[i] = keyLabel(k)
	}
	b.WriteString("  " + widget.Pad(strings.Join(labels, " "), 18) + bn.help + "\n")
}

// text is the line under the cursor.
func (p *pager) text() string {
	if p.cursor.Cursor >= len(p.lines) {
		return ""
	}
	return strings.TrimSpace(p.lines[p.cursor.Cursor])
}

func (p *pager) title(a *App) string { return p.name }
func (p *pager) where() where        { return p.in }

func (p *pager) list(a *App) (*widget.List, widget.Rows) { return &p.cursor, pagerRows{a, p} }

func (p *pager) draw(a *App, c widget.Canvas) { p.cursor.Draw(c, pagerRows{a, p}) }

type pagerRows struct {
	a *App
	p *pager
}

func (r pagerRows) Len() int          { return len(r.p.lines) }
func (r pagerRows) text(i int) string { return r.p.lines[i] }

// wrapped is a line broken for a screen of w columns. What belongs to a list
// is kept in its column.
func (r pagerRows) wrapped(i, w int) []string {
	line, room := r.p.lines[i], max(8, w-3)
	if widget.Width(line) <= room {
		return []string{line}
	}
	hang := hanging(line)
	if hang > room*2/3 {
		hang = 4
	}
	head := strings.TrimSuffix(widget.Wrap(line, room, 0)[0], " ")
	rest := strings.TrimPrefix(line[len(head):], " ")
	lines := []string{head}
	for _, l := range widget.Wrap(rest, room-hang, 0) {
		lines = append(lines, strings.Repeat(" ", hang)+l)
	}
	return lines
}

// hanging is the column at which the text of a list's line begins: behind the
// gap that follows its first word, else as far in as the line is.
func hanging(line string) int {
	in := len(line) - len(strings.TrimLeft(line, " "))
	if in == 0 {
		return 0
	}
	gap := strings.Index(line[in:], "  ")
	if gap < 0 {
		return in
	}
	rest := line[in+gap:]
	return in + gap + len(rest) - len(strings.TrimLeft(rest, " "))
}

func (r pagerRows) Height(i, w int) int { return max(1, len(r.wrapped(i, w))) }

func (r pagerRows) Draw(c widget.Canvas, i int, selected bool) {
	style := r.a.palette.Plain
	if l := r.p.lines[i]; l != "" && l[0] != ' ' {
		style = r.a.palette.Strong
	}
	for y, l := range r.wrapped(i, c.W) {
		r.a.putFound(c, 2, y, l, style)
	}
	if selected {
		c.Put(0, 0, ">", r.a.palette.Selected)
	}
}
