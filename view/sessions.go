package view

import (
	"sort"
	"strings"
	"time"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/view/widget"
)

// sessions is the list of all sessions, a row each.
type sessions struct {
	cursor widget.List
	by     int  // the column that orders
	down   bool // the other way round
	marked string
	rows   []*Session // what is shown, in order

	wide    []int // the widest cell seen of each column
	welcome pager // while there is none
	none    bool  // there is none
}

func newSessions() *sessions { return &sessions{cursor: widget.List{Follow: true}} }

// sessionColumn is one column: its layout, what a session has in it, and what orders it.
type sessionColumn struct {
	widget.Column
	cell func(a *App, s *Session) widget.Span
	less func(x, y *Session) bool
}

var sessionColumns []sessionColumn

func init() {
	sessionColumns = []sessionColumn{
		{widget.Column{Title: "began", Min: 8, Max: 8, Priority: 7}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: s.Opened.Local().Format("15:04:05"), Style: a.palette.Dim}
		}, func(x, y *Session) bool { return x.Opened.Before(y.Opened) }},
		{widget.Column{Title: "state", Min: 6, Max: 6}, stateCell, func(x, y *Session) bool { return x.Status() < y.Status() }},
		{widget.Column{Title: "", Min: 4, Max: 4}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: s.proto(), Style: a.palette.Plain}
		}, func(x, y *Session) bool { return x.proto() < y.proto() }},
		{widget.Column{Title: "client", Min: 15, Max: 28, Priority: 3}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: s.clientName(), Style: a.palette.Client}
		}, func(x, y *Session) bool { return x.clientName() < y.clientName() }},
		{widget.Column{Title: "user", Min: 10, Max: 24}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: s.User(), Style: a.palette.Strong}
		}, func(x, y *Session) bool { return x.User() < y.User() }},
		{widget.Column{Title: "server", Min: 12, Max: 28, Priority: 6}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: s.serverName(), Style: a.palette.Plain}
		}, func(x, y *Session) bool { return x.serverName() < y.serverName() }},
		{widget.Column{Title: "TLS c/s", Min: 9, Max: 10, Priority: 5}, tlsCell, func(x, y *Session) bool { return x.tlsShort() < y.tlsShort() }},
		{widget.Column{Title: "mailbox", Min: 7, Max: 20, Priority: 8}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: s.Box(), Style: a.palette.Plain}
		}, func(x, y *Session) bool { return x.Mailbox < y.Mailbox }},
		{widget.Column{Title: "cmds", Min: 4, Max: 6, Right: true, Priority: 9}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: itoa(s.Commands), Style: a.palette.Plain}
		}, func(x, y *Session) bool { return x.Commands < y.Commands }},
		{widget.Column{Title: "sent", Min: 5, Max: 5, Right: true, Priority: 10}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: size(s.BytesC), Style: a.palette.Plain}
		}, func(x, y *Session) bool { return x.BytesC < y.BytesC }},
		{widget.Column{Title: "got", Min: 5, Max: 5, Right: true, Priority: 4}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: size(s.BytesS), Style: a.palette.Plain}
		}, func(x, y *Session) bool { return x.BytesS < y.BytesS }},
		{widget.Column{Title: "time", Min: 7, Max: 7, Right: true, Priority: 2}, func(a *App, s *Session) widget.Span {
			return widget.Span{Text: span(s.End(a.until(s)).Sub(s.Opened)), Style: a.palette.Plain}
		}, func(x, y *Session) bool { return x.Last.Sub(x.Opened) < y.Last.Sub(y.Opened) }},
		{widget.Column{Title: "finds", Min: 5, Max: 5, Right: true}, findsCell, func(x, y *Session) bool {
			return x.Worst < y.Worst || x.Worst == y.Worst && x.Findings < y.Findings
		}},
	}
}

// until is the newest moment that is known of a session that has not ended.
func (a *App) until(s *Session) time.Time {
	if a.options.Live && a.ended == nil {
		return a.now()
	}
	return s.Last
}

func stateCell(a *App, s *Session) widget.Span {
	style := a.palette.Good
	switch s.Status() {
	case "failed":
		style = a.palette.Bad
	case "closed":
		style = a.palette.Dim
	}
	return widget.Span{Text: s.Status(), Style: style}
}

func tlsCell(a *App, s *Session) widget.Span {
	style := a.palette.Plain
	short := s.tlsShort()
	if strings.Contains(short, "fail") {
		style = a.palette.Bad
	} else if strings.Contains(short, "clear") {
		style = a.palette.Warn
	}
	return widget.Span{Text: short, Style: style}
}

func findsCell(a *App, s *Session) widget.Span {
	if s.Findings == 0 {
		return widget.Span{}
	}
	sign := map[event.Severity]string{event.SeverityError: "✗", event.SeverityWarning: "!", event.SeverityInfo: "i"}[s.Worst]
	return widget.Span{Text: sign + itoa(int64(s.Findings)), Style: a.severity(s.Worst)}
}

func (a *App) severity(s event.Severity) tcell.Style {
	switch s {
	case event.SeverityError:
		return a.palette.Bad
	case event.SeverityWarning:
		return a.palette.Warn
	}
	return a.palette.Info
}

func (s *Session) proto() string {
	if s.Context == nil {
		return ""
	}
	return s.Context.Proto.String()
}

// client_ is the client's own name where it said one, with its address.
func (s *Session) clientName() string {
	address := ""
	if s.Route != nil {
		address = s.Route.Client
	}
	if s.Context != nil && s.Context.ClientID != "" {
		return s.Context.ClientID + " " + address
	}
	return address
}

func (s *Session) serverName() string {
	if s.Route != nil {
		return hostPort(s.Route.Upstream)
	}
	return ""
}

// tlsShort is how TLS stands on each side, in at most ten columns: "1.3/1.2",
// "clear/1.3", "clear" where both are.
func (s *Session) tlsShort() string {
	if s.TLS[0] == nil && s.TLS[1] == nil {
		return "clear"
	}
	return tlsWord(s.TLS[0]) + "/" + tlsWord(s.TLS[1])
}

func tlsWord(t *event.TLS) string {
	switch {
	case t == nil:
		return "clear"
	case t.Failure != "":
		return "fail"
	}
	return strings.TrimPrefix(strings.TrimPrefix(t.Version, "TLS "), "TLSv")
}

func (p *sessions) title(a *App) string { return "Sessions" }

func (p *sessions) where() where {
	if p.none {
		return inWelcome
	}
	return inSessions
}

// order brings the rows up to date: those that the filter shows, in order.
func (p *sessions) refresh(a *App) {
	var keep *Session
	if !p.cursor.Follow && p.cursor.Cursor < len(p.rows) && p.cursor.Cursor >= 0 {
		keep = p.rows[p.cursor.Cursor]
	}
	p.rows, p.none = p.rows[:0], len(a.model.Sessions) == 0
	for _, s := range a.model.Sessions {
		if a.shows(s) {
			p.rows = append(p.rows, s)
		}
	}
	if p.by != 0 || p.down {
		less := sessionColumns[p.by].less
		sort.SliceStable(p.rows, func(i, j int) bool {
			if p.down {
				return less(p.rows[j], p.rows[i])
			}
			return less(p.rows[i], p.rows[j])
		})
	}
	if keep != nil {
		p.cursor.Stay(len(p.rows), func(i int) bool { return p.rows[i] == keep })
	}
}

func (p *sessions) reorder(a *App, step int) {
	p.cursor.Follow = false // the newest is not the last one any more
	if step == 0 {
		p.down = !p.down
		return
	}
	p.by = (p.by + 1) % len(sessionColumns)
	a.say("ordered by %s; O turns it round", sessionColumns[p.by].name())
}

// clickTitle orders by the column whose title stands at x, or turns its order round.
func (p *sessions) clickTitle(a *App, x int) {
	w, _ := a.screen.Size()
	_, widths := p.layout(w - 1)
	at := 1
	for i, width := range widths {
		if width == 0 {
			continue
		}
		if x >= at && x < at+width {
			p.cursor.Follow = false
			p.down = p.by == i && !p.down
			p.by = i
			return
		}
		at += width + 1
	}
}

func (c sessionColumn) name() string {
	switch c.Title {
	case "":
		return "protocol"
	case "TLS c/s":
		return "tls"
	case "finds":
		return "findings"
	}
	return c.Title
}

func (p *sessions) toggleMark(a *App) {
	s := p.current(a)
	switch {
	case s == nil:
	case p.marked == s.ID:
		p.marked = ""
	default:
		p.marked = s.ID
		a.say("marked %s; go to another session and press c to compare", s.ID)
	}
}

func (p *sessions) current(a *App) *Session {
	p.refresh(a)
	if p.cursor.Cursor < 0 || p.cursor.Cursor >= len(p.rows) {
		return nil
	}
	return p.rows[p.cursor.Cursor]
}

func (p *sessions) list(a *App) (*widget.List, widget.Rows) {
	if len(a.model.Sessions) == 0 {
		return p.welcome.list(a)
	}
	p.refresh(a)
	return &p.cursor, sessionRows{a, p, nil}
}

func (p *sessions) head(a *App, w int) int { return 1 }

func (p *sessions) draw(a *App, c widget.Canvas) {
	p.refresh(a)
	if len(a.model.Sessions) == 0 {
		p.welcome.lines = a.welcome(c.W)
		p.welcome.draw(a, c)
		return
	}
	p.measure(a, c.H)
	columns, widths := p.layout(c.W - 1)
	titles := c.Row(0)
	titles.Fill(a.palette.Header)
	widget.DrawTitles(titles.Sub(1, 0, c.W-1, 1), columns, widths, p.by, p.down, a.palette.Header)
	foot := p.foot(c.W, c.H)
	p.cursor.Draw(c.Sub(0, 1, c.W, c.H-1-foot), sessionRows{a, p, widths})
	if foot > 0 {
		p.drawFoot(a, c.Sub(0, c.H-foot, c.W, foot), widths)
	}
}

// measure takes the width of the cells within n rows of the cursor. Columns
// only grow by that, so that they stay where they are as one scrolls.
func (p *sessions) measure(a *App, n int) {
	if p.wide == nil {
		p.wide = make([]int, len(sessionColumns))
		for i := range sessionColumns {
			p.wide[i] = widget.Width(sessionColumns[i].Title)
		}
	}
	at := p.cursor.Cursor
	if p.cursor.Follow {
		at = len(p.rows)
	}
	for r := max(0, at-n); r < min(len(p.rows), at+n); r++ {
		for i := range sessionColumns {
			p.wide[i] = max(p.wide[i], widget.Width(sessionColumns[i].cell(a, p.rows[r]).Text))
		}
	}
}

// layout says how wide each column is: no wider than what stands in it.
func (p *sessions) layout(w int) ([]widget.Column, []int) {
	columns := make([]widget.Column, len(sessionColumns))
	for i := range sessionColumns {
		c := sessionColumns[i].Column
		if p.wide != nil && c.Min < c.Max {
			c.Min, c.Max = min(c.Min, p.wide[i]), min(c.Max, p.wide[i])
		}
		if i == p.by {
			c.Min, c.Max = max(c.Min, widget.Width(c.Title)+1), max(c.Max, widget.Width(c.Title)+1) // an arrow
		}
		columns[i] = c
	}
	return columns, widget.Layout(columns, w)
}

// foot is how many rows at the bottom say of the session under the cursor what
// the columns have no room for: none where every column is on the screen.
func (p *sessions) foot(w, h int) int {
	_, widths := p.layout(w - 1)
	for _, n := range widths {
		if n == 0 && h > 6 {
			return 2
		}
	}
	return 0
}

// drawFoot says what the columns leave out or cut.
func (p *sessions) drawFoot(a *App, c widget.Canvas, widths []int) {
	s := p.current(a)
	if s == nil {
		return
	}
	var parts []string
	for i := range sessionColumns {
		text := sessionColumns[i].cell(a, s).Text
		if text != "" && widget.Width(text) > widths[i] {
			parts = append(parts, sessionColumns[i].name()+" "+text)
		}
	}
	for y, l := range widget.Wrap(strings.Join(parts, "  "), c.W-2, c.H) {
		c.Put(1, y, l, a.palette.Dim)
	}
}

type sessionRows struct {
	a      *App
	p      *sessions
	widths []int
}

func (r sessionRows) Len() int            { return len(r.p.rows) }
func (r sessionRows) Height(i, w int) int { return 1 }
func (r sessionRows) text(i int) string {
	s := r.p.rows[i]
	return strings.Join([]string{s.ID, s.proto(), s.clientName(), s.User(), s.serverName(), s.Context.Mailbox, s.Status()}, " ")
}

func (r sessionRows) Draw(c widget.Canvas, i int, selected bool) {
	s := r.p.rows[i]
	columns := make([]widget.Column, len(sessionColumns))
	cells := make([]widget.Span, len(sessionColumns))
	for k := range sessionColumns {
		columns[k] = sessionColumns[k].Column
		cells[k] = sessionColumns[k].cell(r.a, s)
	}
	widget.DrawCells(c.Sub(1, 0, c.W-1, 1), 0, columns, r.widths, cells)
	if r.p.marked == s.ID {
		c.Put(0, 0, "*", r.a.palette.Mark)
	}
	if selected {
		c.Restyle(0, 0, c.W, r.a.palette.Select)
		if r.p.marked != s.ID {
			c.Put(0, 0, ">", r.a.palette.Selected)
		}
	}
}
