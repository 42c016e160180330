package compare

import (
	"fmt"
	"io"
	"strings"

	"mailtap/parse/layout"
)

// Style is how a report is written as text.
type Style struct {
	Width   int // columns; 0 is 80
	Painter layout.Painter
	Titles  [2]string // what the sessions are called; "" is their ids
}

// besideFrom is the width from which both sessions fit side by side.
const besideFrom = 120

// Text writes a report for people: the first divergence, then all that
// differs, and where the width allows it both sessions side by side.
func (r *Report) Text(w io.Writer, s Style) error {
	p := &page{w: w, style: s, width: s.Width}
	if p.width <= 0 {
		p.width = 80
	}
	p.head(r)
	for i := range r.Differences {
		p.difference(&r.Differences[i])
	}
	if p.width >= besideFrom && !r.Same {
		p.beside(r)
	}
	return p.err
}

// Beside writes both sessions side by side, whatever the width.
func (r *Report) Beside(w io.Writer, s Style) error {
	p := &page{w: w, style: s, width: max(s.Width, 40)}
	p.head(r)
	for i := range r.Differences {
		if d := &r.Differences[i]; d.rank() != rankCourse {
			p.difference(d)
		}
	}
	p.beside(r)
	return p.err
}

// page is a report being written; the first error ends it.
type page struct {
	w     io.Writer
	style Style
	width int
	err   error
}

func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *page) title(i int, id string) string {
	if t := p.style.Titles[i]; t != "" {
		return t
	}
	return id
}

func (p *page) head(r *Report) {
	p.line("%s against %s", p.title(0, r.A), p.title(1, r.B))
	if r.Same {
		what := "tags, numbers and time"
		if len(r.Differences) > 0 && r.Differences[0].Kind == KindGreeting {
			what += ", and what the servers call themselves"
		}
		p.wrapped("  the same: ", "nothing differs but "+what, layout.Plain)
		return
	}
	p.wrapped("  first: ", r.First, layout.Bad)
}

// wrapped writes text behind a prefix, its further lines indented like the first.
func (p *page) wrapped(prefix, text string, tone layout.Tone) {
	for i, line := range layout.Wrap(text, max(p.width-len(prefix), 20)) {
		if i > 0 {
			prefix = strings.Repeat(" ", len(prefix))
		}
		p.line("%s%s", prefix, p.style.Painter.Paint(tone, line))
	}
}

func (p *page) difference(d *Difference) {
	p.line("")
	p.line("  %s%s", d.Kind, at(d))
	if d.A == "" && d.B == "" {
		p.wrapped("    ", d.Sentence, layout.Plain)
		return
	}
	if d.A != "" {
		p.wrapped("  - ", d.A, layout.Bad)
	}
	if d.B != "" {
		p.wrapped("  + ", d.B, layout.Server)
	}
}

// at says at which events a difference stands.
func at(d *Difference) string {
	switch {
	case d.State != "":
		return " in state " + d.State
	case d.SeqA != 0 && d.SeqB != 0:
		return fmt.Sprintf(" (event %d against %d)", d.SeqA, d.SeqB)
	case d.SeqA != 0:
		return fmt.Sprintf(" (event %d of the first)", d.SeqA)
	case d.SeqB != 0:
		return fmt.Sprintf(" (event %d of the second)", d.SeqB)
	}
	return ""
}

// beside writes the steps in two columns, each command with its completion. The
// sign between them is < or > where only one client sent it, and ! where both
// did and something differs.
func (p *page) beside(r *Report) {
	column := (p.width - 5) / 2
	row := func(a, sign, b string, tone layout.Tone) {
		text := layout.Pad(layout.Cut(a, column), column) + "  " + sign + "  " + layout.Cut(b, column)
		p.line("%s", p.style.Painter.Paint(tone, strings.TrimRight(text, " ")))
	}
	p.line("")
	row(p.title(0, r.A), " ", p.title(1, r.B), layout.Strong)
	for i := range r.Steps {
		pair := &r.Steps[i]
		sign, tone := pair.sign()
		row(pair.A.line(), sign, pair.B.line(), tone)
		row(pair.A.answer(), " ", pair.B.answer(), tone)
	}
}

// sign is what stands between both steps.
func (p *Pair) sign() (string, layout.Tone) {
	switch {
	case p.B == nil:
		return "<", layout.Bad
	case p.A == nil:
		return ">", layout.Server
	}
	for _, d := range p.Differences {
		if d.Kind != KindSpeed {
			return "!", layout.Warn
		}
	}
	return " ", layout.Plain
}

func (s *Step) line() string {
	if s == nil {
		return ""
	}
	return s.Line
}

func (s *Step) answer() string {
	switch {
	case s == nil:
		return ""
	case s.Answer == "":
		return "  no answer"
	}
	text := "  " + s.Answer
	if all := s.got.numbers(&s.got); all != "" {
		text = "  " + all + "; " + s.Answer
	}
	return text
}
