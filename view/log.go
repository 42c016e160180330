package view

import (
	"mailtap/view/widget"
)

// logPane is what mailtap has to say of itself.
type logPane struct{ cursor widget.List }

func newLog() *logPane { return &logPane{widget.List{Follow: true}} }

func (p *logPane) title(a *App) string { return "Log" }
func (p *logPane) where() where        { return inLog }

func (p *logPane) list(a *App) (*widget.List, widget.Rows) { return &p.cursor, logRows{a} }

func (p *logPane) draw(a *App, c widget.Canvas) {
	if len(a.model.Log) == 0 {
		c.Put(2, 1, "nothing to say", a.palette.Dim)
		return
	}
	p.cursor.Draw(c, logRows{a})
}

type logRows struct{ a *App }

func (r logRows) Len() int { return len(r.a.model.Log) }

func (r logRows) text(i int) string { return headline(r.a.model.Log[i]) }

func (r logRows) lines(i, w int) []string {
	e := r.a.model.Log[i]
	text := headline(e)
	if e.Finding != nil && e.Finding.Advice != "" {
		text += "\n" + e.Finding.Advice
	}
	return widget.Wrap(text, max(8, w-12), 6)
}

func (r logRows) Height(i, w int) int { return max(1, len(r.lines(i, w))) }

func (r logRows) Draw(c widget.Canvas, i int, selected bool) {
	e, p := r.a.model.Log[i], r.a.palette
	c.Put(2, 0, e.Time.Local().Format("15:04:05"), p.Dim)
	style := p.Plain
	if e.Finding != nil {
		style = r.a.severity(e.Finding.Severity)
	}
	for y, l := range r.lines(i, c.W) {
		c.Put(12, y, l, style)
	}
	if selected {
		c.Put(0, 0, ">", p.Selected)
	}
}
