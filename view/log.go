package view

import (
	"strings"

	"mailtap/parse/event"
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

// drawWelcome is the first view while no session has come: where mailtap
// listens, what to type into the mail client, and a line to try it with.
func (a *App) drawWelcome(c widget.Canvas) {
	p := a.palette
	y := 1
	put := func(x int, text string, strong bool) {
		style := p.Plain
		if strong {
			style = p.Strong
		}
		for _, l := range widget.Wrap(text, max(8, c.W-x-1), 0) {
			c.Put(x, y, l, style)
			y++
		}
	}
	if len(a.model.Listening) == 0 {
		if a.options.Live {
			put(2, "waiting for mailtap", false)
			return
		}
		put(2, "no session in "+a.options.Title, false)
		return
	}
	put(2, "No session yet. Let a mail client connect to:", true)
	for _, e := range a.model.Listening {
		y++
		put(2, e.Route.Listen+"  →  "+e.Route.Upstream, true)
		if e.Route.Settings != "" {
			put(4, e.Route.Settings, false)
		}
		for _, l := range a.trials(e) {
			put(4, l, false)
		}
	}
	if a.options.CAFile != "" {
		y++
		put(2, "The client has to trust mailtap's certificate: mailtap ca trust, or import", false)
		put(4, a.options.CAFile, true)
	}
}

// trials are lines that try a listener from a shell.
func (a *App) trials(e *event.Event) []string {
	scheme, _, _ := strings.Cut(e.Route.Listen, "://")
	host := hostPort(e.Route.Listen)
	proto, upgrade, _ := strings.Cut(scheme, "+")
	ca := ""
	if a.options.CAFile != "" {
		ca = " -CAfile " + a.options.CAFile
	}
	switch {
	case strings.HasSuffix(scheme, "s") && upgrade == "":
		return []string{"openssl s_client -quiet -crlf -connect " + host + ca}
	case upgrade != "":
		return []string{"openssl s_client -quiet -crlf -starttls " + proto + " -connect " + host + ca}
	}
	return []string{"curl -v " + proto + "://" + host + "/ -u USER"}
}
