package view

import (
	"time"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/view/widget"
)

// transcript is what was said in one session, a row an event.
type transcript struct {
	session *Session
	cursor  widget.List
	plain   bool // no notes
	wrap    bool
	day     bool // times of the day
	left    int  // columns that long lines are scrolled by

	unfolded map[int]*unfolded // by row
}

func newTranscript(s *Session) *transcript {
	return &transcript{session: s, cursor: widget.List{Follow: s.Ended.IsZero()}}
}

func (p *transcript) title(a *App) string { return p.session.ID }
func (p *transcript) where() where        { return inTranscript }

func (p *transcript) current(a *App) (row int, ok bool) {
	if p.cursor.Cursor < 0 || p.cursor.Cursor >= a.visible(p.session) {
		return 0, false
	}
	return a.nth(p.session, p.cursor.Cursor), true
}

func (p *transcript) moveTo(a *App, row int) {
	p.cursor.Follow = false
	p.cursor.Cursor = a.place(p.session, row)
}

func (p *transcript) list(a *App) (*widget.List, widget.Rows) {
	return &p.cursor, transcriptRows{a, p}
}

func (p *transcript) head(a *App, w int) int { return 1 }

func (p *transcript) draw(a *App, c widget.Canvas) {
	p.drawHead(a, c.Row(0))
	if a.visible(p.session) == 0 {
		c.Put(1, 2, "no event of this session matches the filter", a.palette.Dim)
		return
	}
	p.cursor.Draw(c.Sub(0, 1, c.W, c.H-1), transcriptRows{a, p})
}

// drawHead says whose session it is and how it stands.
func (p *transcript) drawHead(a *App, c widget.Canvas) {
	s, style := p.session, a.palette.Header
	c.Fill(style)
	right := s.Status() + "  " + size(s.BytesC) + " sent  " + size(s.BytesS) + " got"
	if p.cursor.Follow {
		right = "following  " + right
	}
	if widget.Width(right) > c.W/2 {
		right = s.Status()
	}
	at := c.PutRight(c.W-1, 0, right, style)
	c.Put(1, 0, widget.Cut(s.heading(at-2), at-2), style)
}

// heading is whose session it is, in about w columns: what has no room is left out.
func (s *Session) heading(w int) string {
	text := s.proto()
	if user := s.User(); user != "" {
		text += " " + user
	}
	parties, tls := " "+s.clientName()+" → "+s.serverName(), "  TLS "+s.tlsShort()
	box := ""
	if s.Context.Mailbox != "" {
		box = "  " + s.Context.Mailbox
	}
	for _, more := range []string{parties + tls + box, parties + tls, parties, " → " + s.serverName() + tls, " → " + s.serverName()} {
		if widget.Width(text+more) <= w {
			return text + more
		}
	}
	return text + parties
}

type transcriptRows struct {
	a *App
	p *transcript
}

// short tells whether the screen is so low that only the line under the cursor
// gets its notes.
func (r transcriptRows) short() bool {
	_, h := r.a.screen.Size()
	return h < 16
}

func (r transcriptRows) Len() int { return r.a.visible(r.p.session) }

func (r transcriptRows) event(i int) *event.Event {
	return r.p.session.Rows[r.a.nth(r.p.session, i)].Event
}

func (r transcriptRows) text(i int) string {
	e := r.event(i)
	return headline(e) + "\n" + note(e)
}

// gutter is how many columns stand before a line's text: time and direction.
func (r transcriptRows) gutter(w int) int {
	switch {
	case w < 50:
		return 3
	case r.p.day:
		return 16
	}
	return 13
}

// beside tells whether notes stand beside the lines: on wide screens.
func (r transcriptRows) beside(w int) bool { return w >= 150 && !r.p.plain }

// textWidth is how many columns a line's text has: room is left at its end for
// a latency, and for notes where they stand beside.
func (r transcriptRows) textWidth(e *event.Event, w int) int {
	room := w - r.gutter(w)
	switch {
	case r.beside(w):
		room = (room - latencyWidth) * 3 / 5
	case e.Completes:
		room -= latencyWidth
	}
	return max(4, room)
}

// own are the lines of the screen that an event's own text takes: one, but all
// of it where long lines are wrapped, and of what mailtap says itself.
func (r transcriptRows) own(i, w int) []string {
	e := r.event(i)
	text, room := headline(e), r.textWidth(e, w)
	if r.p.wrap || !e.Kind.Protocol() && (i == r.p.cursor.Cursor || !r.short()) {
		return widget.Wrap(text, room, mostLines)
	}
	return []string{widget.Cut(widget.Skip(text, r.p.left), room)}
}

const latencyWidth = 8

func (r transcriptRows) Height(i, w int) int {
	return max(1, len(r.own(i, w))) + len(r.below(i, w))
}

// mostLines is how many lines of the screen one event takes in the transcript.
const mostLines = 12

// below are the lines under an event: what was unfolded, its note where notes do not stand
// beside, what is wrong, a finding's advice, a user's comment.
func (r transcriptRows) below(i, w int) []widget.Span {
	var lines []widget.Span
	room := max(4, w-r.gutter(w)-2)
	for _, l := range r.p.unfolded[r.a.nth(r.p.session, i)].at(room) {
		lines = append(lines, widget.Span{Text: l, Style: r.a.palette.Plain})
	}
	if r.short() && i != r.p.cursor.Cursor {
		return lines
	}
	e := r.event(i)
	add := func(text string, style tcell.Style) {
		for _, l := range widget.Wrap(text, room, 4) {
			lines = append(lines, widget.Span{Text: l, Style: style})
		}
	}
	p := r.a.palette
	if n := note(e); n != "" && !r.p.plain && !r.beside(w) {
		add(n, p.Dim)
	}
	if e.Error != "" {
		add("syntax: "+e.Error, p.Warn)
	}
	if e.Finding != nil && e.Finding.Advice != "" && !r.p.plain {
		add(e.Finding.Advice, p.Plain)
	}
	if e.Altered {
		add("on the server's leg: "+e.Other, p.Proxy)
	}
	if comment, ok := r.a.model.Marked(e.ID()); ok && comment != "" {
		add("; "+comment, p.Mark)
	}
	return lines
}

func (r transcriptRows) Draw(c widget.Canvas, i int, selected bool) {
	e := r.event(i)
	p := r.a.palette
	gutter := r.gutter(c.W)
	r.drawGutter(c, e, gutter)
	style := r.style(e)
	lines := r.own(i, c.W)
	for k, l := range lines {
		r.a.putFound(c, gutter, k, l, style)
	}
	y := max(1, len(lines))
	r.drawLatency(c, e)
	if r.beside(c.W) {
		x := gutter + r.textWidth(e, c.W) + latencyWidth + 1
		c.Put(x, 0, widget.Cut(note(e), c.W-x), p.Dim)
	}
	for _, l := range r.below(i, c.W) {
		r.a.putFound(c, gutter+2, y, l.Text, l.Style)
		y++
	}
	if selected {
		c.Restyle(0, 0, c.W, r.a.palette.Select)
		c.Put(0, 0, ">", p.Selected)
	} else if _, ok := r.a.model.Marked(e.ID()); ok {
		c.Put(0, 0, "*", p.Mark)
	}
}

func (r transcriptRows) drawGutter(c widget.Canvas, e *event.Event, w int) {
	p := r.a.palette
	if w <= 3 {
		c.Put(1, 0, arrow(e), r.direction(e))
		return
	}
	at := e.Time.Sub(r.p.session.Opened)
	text := widget.PadLeft(seconds(at), 9)
	if r.p.day {
		text = e.Time.Local().Format("15:04:05.000")
	}
	c.Put(1, 0, text, p.Dim)
	c.Put(w-2, 0, arrow(e), r.direction(e))
}

// seconds is a time since the session's beginning: "12.345".
func seconds(d time.Duration) string {
	ms := d.Milliseconds()
	return itoa(ms/1000) + "." + string([]byte{'0' + byte(ms/100%10), '0' + byte(ms/10%10), '0' + byte(ms%10)})
}

// arrow is the direction in one letter: C, S, P; what carries no octets has a sign.
func arrow(e *event.Event) string {
	switch {
	case e.Kind == event.KindFinding:
		return "!"
	case e.Leg == event.LegServer:
		return "~"
	case e.Dir == event.SideClient:
		return "C"
	case e.Dir == event.SideServer:
		return "S"
	case e.Dir == event.SideProxy:
		return "P"
	}
	return "-"
}

func (r transcriptRows) direction(e *event.Event) tcell.Style {
	p := r.a.palette
	switch {
	case e.Kind == event.KindFinding:
		return r.a.severity(e.Finding.Severity)
	case e.Dir == event.SideClient:
		return p.Client.Bold(true)
	case e.Dir == event.SideProxy, e.Leg == event.LegServer:
		return p.Proxy
	}
	return p.Strong
}

// style is how an event's line looks: by its result first, then by its direction.
func (r transcriptRows) style(e *event.Event) tcell.Style {
	p := r.a.palette
	switch {
	case e.Finding != nil:
		return r.a.severity(e.Finding.Severity)
	case e.TLS != nil && e.TLS.Failure != "", e.Route != nil && e.Route.Failure != "":
		return p.Bad
	case e.Dir == event.SideProxy, e.Leg == event.LegServer:
		return p.Proxy
	case e.Level >= event.SeverityWarning && e.Kind == event.KindLog:
		return p.Warn
	case !e.Kind.Protocol():
		return p.Dim
	case trouble(e):
		return p.Bad
	case e.Completes:
		return p.Good
	case e.Dir == event.SideClient:
		return p.Client
	}
	return p.Plain
}

// putFound draws text with what the search found in it marked.
func (a *App) putFound(c widget.Canvas, x, y int, text string, style tcell.Style) int {
	end := c.Put(x, y, text, style)
	if a.search.find == nil {
		return end
	}
	for _, at := range a.search.find.FindAllStringIndex(text, 16) {
		c.Put(x+widget.Width(text[:at[0]]), y, text[at[0]:at[1]], a.palette.Match)
	}
	return end
}

// slow is from when on a latency stands out.
const slow = time.Second

func (r transcriptRows) drawLatency(c widget.Canvas, e *event.Event) {
	if !e.Completes || c.W < 40 {
		return
	}
	style := r.a.palette.Dim
	if e.Latency >= slow && e.For != "IDLE" {
		style = r.a.palette.Warn.Bold(true)
	}
	at := c.W
	if r.beside(c.W) {
		at = r.gutter(c.W) + r.textWidth(e, c.W) + latencyWidth
	}
	c.PutRight(at, 0, span(e.Latency), style)
}
