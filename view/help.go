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
		{"Sessions", inSessions}, {"Transcript of a session", inTranscript}, {"Detail of a line", inDetail},
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
Filter
  an expression over the fields of an event, for example
  user == "alice" && latency_us > 100000
  status in ["NO", "BAD"] || event == "finding"
The mouse works too: a click selects, another opens, the wheel scrolls.`

func helpLine(b *strings.Builder, bn *binding) {
	labels := make([]string, len(bn.keys))
	for i, k := range bn.keys {
		labels[i] = keyLabel(k)
	}
	b.WriteString("  " + widget.Pad(strings.Join(labels, " "), 14) + bn.help + "\n")
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

func (r pagerRows) wrapped(i, w int) []string { return widget.Wrap(r.p.lines[i], max(8, w-3), 0) }

func (r pagerRows) Height(i, w int) int { return max(1, len(r.wrapped(i, w))) }

func (r pagerRows) Draw(c widget.Canvas, i int, selected bool) {
	style := r.a.palette.Plain
	if l := r.p.lines[i]; l != "" && l[0] != ' ' {
		style = r.a.palette.Strong
	}
	for y, l := range r.wrapped(i, c.W) {
		c.Put(2, y, l, style)
	}
	if selected {
		c.Put(0, 0, ">", r.a.palette.Selected)
	}
}
