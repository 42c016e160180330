package view

import (
	"slices"
	"strconv"
	"strings"

	"mailtap/parse/event"
	"mailtap/view/widget"
)

// findings are the diagnoses of all sessions by their cause, the worst first.
// One that was found often can be opened: then each time has a row below it.
type findings struct {
	cursor   widget.List
	rows     []findingRow
	unfolded map[string]bool // causes
}

// findingRow is a cause, or one time of it.
type findingRow struct {
	of    *cause
	e     *event.Event // that time's, or a cause's newest that the filter shows
	first *event.Event // a cause's oldest that is held and shown; nil in the row of one time
	count int
}

func newFindings() *findings { return &findings{unfolded: map[string]bool{}} }

func (p *findings) title(a *App) string { return "Findings" }
func (p *findings) where() where        { return inFindings }

// refresh puts the rows in order: errors, warnings, observations; of each the
// one that was found last comes first. Under a filter they are those of the
// sessions that it shows.
func (p *findings) refresh(a *App) {
	var keep findingRow
	if p.cursor.Cursor >= 0 && p.cursor.Cursor < len(p.rows) {
		keep = p.rows[p.cursor.Cursor]
	}
	causes := slices.Clone(a.model.causes)
	slices.Reverse(causes)
	slices.SortStableFunc(causes, func(x, y *cause) int {
		if d := int(y.severity()) - int(x.severity()); d != 0 {
			return d
		}
		return y.newest().Time.Compare(x.newest().Time)
	})
	p.rows = p.rows[:0]
	for _, c := range causes {
		p.add(a, c)
	}
	if keep.of != nil {
		p.cursor.Stay(len(p.rows), func(i int) bool { return p.rows[i].same(&keep) })
	}
}

// add adds a cause and, where it is unfolded, each time of it.
func (p *findings) add(a *App, c *cause) {
	if a.filter.compiled == nil && !p.unfolded[c.key] {
		p.rows = append(p.rows, findingRow{of: c, e: c.newest(), first: c.found[0], count: c.count})
		return
	}
	at, count := len(p.rows), 0
	p.rows = append(p.rows, findingRow{of: c})
	for i := len(c.found) - 1; i >= 0; i-- {
		e := c.found[i]
		if !a.showsFinding(e) {
			continue
		}
		if p.rows[at].e == nil {
			p.rows[at].e = e
		}
		p.rows[at].first = e
		count += times(e.Finding)
		if p.unfolded[c.key] {
			p.rows = append(p.rows, findingRow{of: c, e: e, count: times(e.Finding)})
		}
	}
	if a.filter.compiled == nil {
		count = c.count
	}
	if p.rows[at].count = count; count == 0 {
		p.rows = p.rows[:at]
	}
}

// same reports whether two rows are about the same.
func (r *findingRow) same(as *findingRow) bool {
	return r.of == as.of && (r.first == nil) == (as.first == nil) && (r.first != nil || r.e == as.e)
}

// showsFinding reports whether the filter lets a finding stand in the list.
func (a *App) showsFinding(f *event.Event) bool {
	if a.filter.compiled == nil || f.Context == nil {
		return true
	}
	s := a.model.Session(f.Session)
	return s == nil || a.shows(s)
}

// row is the one under the cursor.
func (p *findings) row(a *App) (row findingRow, ok bool) {
	p.refresh(a)
	if p.cursor.Cursor < 0 || p.cursor.Cursor >= len(p.rows) {
		return row, false
	}
	return p.rows[p.cursor.Cursor], true
}

func (p *findings) current(a *App) *event.Event {
	row, _ := p.row(a)
	return row.e
}

// open goes to the evidence of the cursor's row. Where that is a cause that was
// found in several sessions, each of them gets a row, or loses it again.
func (p *findings) open(a *App) {
	row, ok := p.row(a)
	if !ok {
		return
	}
	if row.first == row.e || row.first == nil {
		a.evidence(row.e)
		return
	}
	if p.unfolded[row.of.key] = !p.unfolded[row.of.key]; !p.unfolded[row.of.key] {
		delete(p.unfolded, row.of.key)
	}
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
		if len(a.model.causes) > 0 {
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
	row := &r.p.rows[i]
	if row.first == nil {
		return r.a.oneTime(row.e)
	}
	f := row.e.Finding
	return f.ID + " " + f.Title + " " + f.Advice
}

// lines are a finding's: what is wrong and, under it, what to do.
func (r findingRows) lines(i, w int) (title, advice []string) {
	f := r.p.rows[i].e.Finding
	return widget.Wrap(f.Title, max(8, w-4), 3), widget.Wrap(f.Advice, max(8, w-4), 6)
}

func (r findingRows) Height(i, w int) int {
	if r.p.rows[i].first == nil {
		return 1
	}
	title, advice := r.lines(i, w)
	gap := 1
	if i+1 < len(r.p.rows) && r.p.rows[i+1].first == nil { // what belongs to it follows
		gap = 0
	}
	return 1 + len(title) + len(advice) + gap
}

func (r findingRows) Draw(c widget.Canvas, i int, selected bool) {
	if r.p.rows[i].first == nil {
		r.a.putFound(c, 4, 0, widget.Cut(r.a.oneTime(r.p.rows[i].e), c.W-5), r.a.palette.Dim)
	} else {
		r.drawCause(c, i)
	}
	if selected {
		c.Restyle(0, 0, c.W, r.a.palette.Select)
		c.Put(0, 0, ">", r.a.palette.Selected)
	}
}

func (r findingRows) drawCause(c widget.Canvas, i int) {
	row, p := &r.p.rows[i], r.a.palette
	f := row.e.Finding
	x := c.Put(2, 0, f.Severity.String()+"  "+f.ID, r.a.severity(f.Severity))
	if row.count > 1 {
		x = c.Put(x+2, 0, strconv.Itoa(row.count)+" times", p.Strong)
	}
	if row.first != row.e {
		sign := "▸"
		if r.p.unfolded[row.of.key] {
			sign = "▾"
		}
		x = c.Put(x+1, 0, sign, p.Strong)
	}
	c.Put(x+2, 0, widget.Cut(whose(r.a, row), c.W-x-3), p.Dim)
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
}

// oneTime is one of the times that a cause was found: when, by whom, and the
// line that proves it, where that is held.
func (a *App) oneTime(e *event.Event) string {
	text := e.Time.Local().Format("15:04:05")
	if s := a.model.Session(inSession(e)); s != nil {
		text += " " + s.clientName()
	}
	if n := times(e.Finding); n > 1 {
		text += " (" + strconv.Itoa(n) + " times)"
	}
	for _, id := range evidenceOf(e) {
		if s, row, ok := a.locate(id); ok && s.here() {
			return text + "  " + headline(s.Rows[row].Event)
		}
	}
	return text
}

// whose names the sessions of a cause: time, user, client where it is one, and
// server.
func whose(a *App, row *findingRow) string {
	e := row.e
	if e.Context == nil {
		return ""
	}
	when := e.Time.Local().Format("15:04:05")
	if since := row.first.Time.Local().Format("15:04:05"); since != when {
		when = since + "-" + when
	}
	parts := []string{when, e.Context.Proto.String()}
	s := a.model.Session(e.Session)
	if s == nil {
		return strings.Join(append(parts, e.User), " ")
	}
	if user := s.who(e); user != "" {
		parts = append(parts, user)
	}
	if row.first == e {
		parts = append(parts, s.clientName())
	}
	return strings.Join(append(parts, "→", s.serverName()), " ")
}
