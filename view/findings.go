package view

import (
	"strconv"
	"strings"

	"mailtap/parse/event"
	"mailtap/view/widget"
)

// findings are the diagnoses of all sessions, the worst first.
type findings struct {
	cursor widget.List
	rows   []*event.Event
}

func newFindings() *findings { return &findings{} }

func (p *findings) title(a *App) string { return "Findings" }
func (p *findings) where() where        { return inFindings }

// refresh puts the rows in order: errors, warnings, observations; the newest
// first. Under a filter they are those of the sessions that it shows.
func (p *findings) refresh(a *App) {
	var keep *event.Event
	if p.cursor.Cursor >= 0 && p.cursor.Cursor < len(p.rows) {
		keep = p.rows[p.cursor.Cursor]
	}
	p.rows = p.rows[:0]
	for s := event.SeverityError; s >= event.SeverityInfo; s-- {
		for i := len(a.model.Findings) - 1; i >= 0; i-- {
			if f := a.model.Findings[i]; f.Finding.Severity == s && a.showsFinding(f) {
				p.rows = append(p.rows, f)
			}
		}
	}
	if keep != nil {
		p.cursor.Stay(len(p.rows), func(i int) bool { return p.rows[i] == keep })
	}
}

// showsFinding reports whether the filter lets a finding stand in the list.
func (a *App) showsFinding(f *event.Event) bool {
	if a.filter.compiled == nil || f.Context == nil {
		return true
	}
	s := a.model.Session(f.Session)
	return s == nil || a.shows(s)
}

func (p *findings) current(a *App) *event.Event {
	p.refresh(a)
	if p.cursor.Cursor < 0 || p.cursor.Cursor >= len(p.rows) {
		return nil
	}
	return p.rows[p.cursor.Cursor]
}

func (p *findings) list(a *App) (*widget.List, widget.Rows) {
	p.refresh(a)
	return &p.cursor, findingRows{a, p}
}

func (p *findings) head(a *App, w int) int { return a.headUntold() }

func (p *findings) draw(a *App, c widget.Canvas) {
	c = a.drawUntold(c)
	p.refresh(a)
	if len(p.rows) == 0 {
		text := "nothing found: what was seen so far works"
		if len(a.model.Findings) > 0 {
			text = "nothing found in the sessions that the filter shows"
		}
		c.Put(2, 1, text, a.palette.Dim)
		return
	}
	p.cursor.Draw(c, findingRows{a, p})
}

type findingRows struct {
	a *App
	p *findings
}

func (r findingRows) Len() int { return len(r.p.rows) }

func (r findingRows) text(i int) string {
	f := r.p.rows[i].Finding
	return f.ID + " " + f.Title + " " + f.Advice
}

// lines are a finding's: what is wrong and, under it, what to do.
func (r findingRows) lines(i, w int) (title, advice []string) {
	f := r.p.rows[i].Finding
	text := f.Title
	if f.Count > 1 {
		text += " (" + strconv.Itoa(f.Count) + " times)"
	}
	return widget.Wrap(text, max(8, w-4), 3), widget.Wrap(f.Advice, max(8, w-4), 6)
}

func (r findingRows) Height(i, w int) int {
	title, advice := r.lines(i, w)
	return 1 + len(title) + len(advice) + 1
}

func (r findingRows) Draw(c widget.Canvas, i int, selected bool) {
	e := r.p.rows[i]
	p := r.a.palette
	head := e.Finding.Severity.String() + "  " + e.Finding.ID
	x := c.Put(2, 0, head, r.a.severity(e.Finding.Severity))
	c.Put(x+2, 0, widget.Cut(whose(r.a, e), c.W-x-3), p.Dim)
	title, advice := r.lines(i, c.W)
	y := 1
	for _, l := range title {
		r.a.putFound(c, 4, y, l, p.Strong)
		y++
	}
	for _, l := range advice {
		r.a.putFound(c, 4, y, l, p.Plain)
		y++
	}
	if selected {
		c.Restyle(0, 0, c.W, r.a.palette.Select)
		c.Put(0, 0, ">", p.Selected)
	}
}

// whose names the session of a finding: user, client, server, time.
func whose(a *App, e *event.Event) string {
	if e.Context == nil {
		return ""
	}
	parts := []string{e.Time.Local().Format("15:04:05"), e.Context.Proto.String()}
	if e.User != "" {
		parts = append(parts, e.User)
	}
	if s := a.model.Session(e.Session); s != nil {
		parts = append(parts, s.client_(), "→", s.server_())
	}
	return strings.Join(parts, " ")
}
