package view

import (
	"slices"
	"strings"

	"github.com/gdamore/tcell/v2"

	"mailtap/parse/event"
	"mailtap/view/widget"
)

// Handle does what a key, the mouse or a new size of the screen asks for.
func (a *App) Handle(ev tcell.Event) {
	switch ev := ev.(type) {
	case *tcell.EventKey:
		a.key(ev)
	case *tcell.EventMouse:
		a.mouse(ev)
	case *tcell.EventResize:
		a.screen.Sync()
	case *tcell.EventError: // the terminal cannot be read any more: nobody is there
		a.quit = true
	}
}

func (a *App) key(ev *tcell.EventKey) {
	if ev.Key() != tcell.KeyEscape {
		a.work(frame) // a key that was typed ahead is meant for what a search finds
	}
	a.message = ""
	if ev.Modifiers()&tcell.ModAlt != 0 && a.input == nil {
		// Escape and a key that came at once, as they do over a slow line.
		a.key(tcell.NewEventKey(tcell.KeyEscape, 0, 0))
		ev = tcell.NewEventKey(ev.Key(), ev.Rune(), ev.Modifiers()&^tcell.ModAlt)
	}
	switch {
	case a.input != nil:
		a.input.key(a, ev)
	case a.popup != nil:
		a.popup.key(a, ev)
	default:
		if ev.Key() == tcell.KeyEscape && a.stopWork() {
			return
		}
		if b := find(keyName(ev), a.top().where()); b != nil {
			b.do(a)
		}
	}
}

// stopWork stops what goes on for the user, if anything does.
func (a *App) stopWork() bool {
	switch {
	case a.job != nil:
		a.job = nil
	case a.reading != nil:
		a.stopReading()
	case a.sifts():
		a.sifting.stop()
	default:
		return false
	}
	return true
}

// mouse does what the wheel and the buttons say. A button that is held is told
// again and again while the mouse moves, and counts once. Where a line is being
// typed the mouse changes nothing.
func (a *App) mouse(ev *tcell.EventMouse) {
	held := a.held
	a.held = ev.Buttons()&tcell.Button1 != 0
	if a.input != nil {
		return
	}
	step := 3
	if a.popup != nil {
		step = 1
	}
	switch buttons := ev.Buttons(); {
	case buttons&tcell.WheelDown != 0:
		a.scroll(step)
	case buttons&tcell.WheelUp != 0:
		a.scroll(-step)
	case buttons&tcell.Button1 != 0 && !held:
		a.message = ""
		a.click(ev.Position())
	}
}

func (a *App) scroll(n int) {
	if a.popup != nil {
		a.popup.move(n)
		return
	}
	a.move(n)
}

// click moves the cursor to a row; a click on the cursor's row opens it, one
// on a tab shows it, one on a column's title orders by it.
func (a *App) click(x, y int) {
	if a.popup != nil {
		a.popup.click(a, x, y)
		return
	}
	if y == 0 {
		for t := range tabs {
			if at := a.tabsAt[t]; x >= at[0] && x < at[1] {
				a.showTab(t)
			}
		}
		return
	}
	if p, ok := a.top().(*sessions); ok && y == 1 && !p.none {
		p.clickTitle(a, x)
		return
	}
	list, rows := a.top().list(a)
	if list == nil {
		return
	}
	c := a.body(a.top())
	if _, row, ok := c.Contains(x, y); ok {
		if i, ok := list.RowAt(row, c, rows); ok {
			if i == list.Cursor {
				a.enter()
				return
			}
			list.To(i, rows.Len())
		}
	}
}

func (a *App) move(n int) {
	if list, rows := a.top().list(a); list != nil {
		list.Move(n, rows.Len())
	}
}

func (a *App) page(n int) {
	if list, rows := a.top().list(a); list != nil {
		list.Move(n*list.Page(), rows.Len())
	}
}

func (a *App) half(n int) {
	if list, rows := a.top().list(a); list != nil {
		list.Move(n*max(1, list.Page()/2), rows.Len())
	}
}

// nextSession opens the session that stands n rows further in the list.
func (a *App) nextSession(n int) {
	t, ok := a.top().(*transcript)
	if !ok {
		return
	}
	p := a.panes[tabSessions].(*sessions)
	p.refresh(a)
	i := slices.Index(p.rows, t.session) + n
	if i < 0 || i >= len(p.rows) {
		a.say("no more sessions there")
		return
	}
	p.cursor.To(i, len(p.rows))
	s := p.rows[i]
	a.withRows(s, func() {
		next := newTranscript(s)
		next.plain, next.wrap, next.day = t.plain, t.wrap, t.day
		if over := len(a.over); over > 0 && a.over[over-1] == pane(t) {
			a.over = a.over[:over-1]
		}
		a.open(next)
	})
}

func (a *App) jump(end bool) {
	list, rows := a.top().list(a)
	if list == nil {
		return
	}
	if end {
		list.To(rows.Len(), rows.Len())
		return
	}
	list.To(0, rows.Len())
}

func (a *App) follow() {
	list, _ := a.top().list(a)
	list.Follow = !list.Follow
	if list.Follow {
		a.say("following what comes")
		return
	}
	a.say("no longer following")
}

// enter opens what is under the cursor.
func (a *App) enter() {
	switch p := a.top().(type) {
	case *sessions:
		if s := p.current(a); s != nil {
			a.withRows(s, func() { a.open(newTranscript(s)) })
		}
	case *transcript:
		if i, ok := p.current(a); ok {
			a.open(newDetail(p.session, i))
		}
	case *findings:
		p.open(a)
	case *accounts:
		p.open(a)
	case *tlsPane:
		if s := p.current(a); s != nil {
			a.withRows(s, func() { a.open(newTranscript(s)) })
		}
	}
}

// evidence goes to the first event that a finding rests on.
func (a *App) evidence(f *event.Event) {
	if f == nil {
		return
	}
	for _, id := range evidenceOf(f) {
		if s := a.model.Session(sessionOf(id)); s != nil && !s.here() {
			a.withRows(s, func() { a.evidence(f) })
			return
		}
		if s, row, ok := a.locate(id); ok {
			a.showFrom(s, row)
			return
		}
	}
	a.say("its evidence is not here")
}

// showFrom is show that comes back to the tab one came from.
func (a *App) showFrom(s *Session, row int) {
	t := newTranscript(s)
	a.open(t)
	t.moveTo(a, row)
}

// evidenceOf are the events that a finding rests on, and the one it follows.
func evidenceOf(f *event.Event) []string {
	ids := slices.Clone(f.Finding.Evidence)
	if f.Context != nil {
		ids = append(ids, f.Session+":"+itoa(f.After))
	}
	return ids
}

// locate finds the event that SESSION:SEQ names.
func (a *App) locate(id string) (*Session, int, bool) {
	s := a.model.Session(sessionOf(id))
	if s == nil {
		return nil, 0, false
	}
	row, ok := s.find(number(id[len(s.ID)+1:]))
	return s, row, ok
}

// sessionOf is the session of SESSION:SEQ.
func sessionOf(id string) string {
	return id[:max(0, strings.LastIndexByte(id, ':'))]
}

func number(text string) int64 {
	n := int64(0)
	for _, c := range []byte(text) {
		if c < '0' || c > '9' || n > 1<<50 {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

func (a *App) partner() {
	s, i, ok := a.row()
	if !ok {
		return
	}
	to, ok := s.Partner(i)
	if !ok {
		a.say("no partner: nothing answers this line, or it answers none")
		return
	}
	a.goTo(to)
}

// goTo moves the transcript's or the detail's cursor to a row.
func (a *App) goTo(row int) {
	for _, p := range a.over {
		switch p := p.(type) {
		case *transcript:
			p.moveTo(a, row)
		case *detail:
			p.show(row)
		}
	}
}

func (a *App) step(n int) {
	if s, i, ok := a.row(); ok {
		at := a.place(s, i) + n
		if at >= 0 && at < a.visible(s) {
			a.goTo(a.nth(s, at))
		}
	}
}

func (a *App) nextTrouble() {
	if !a.nextLine(trouble) {
		a.say("no finding, no error, no refusal in this session")
	}
}

func (a *App) nextMark() {
	if !a.nextLine(func(e *event.Event) bool { _, ok := a.model.Marked(e.ID()); return ok }) {
		a.say("no line of this session is marked; m marks one")
	}
}

// nextLine moves a transcript's cursor to the next line that is wanted, around
// the end; it reports whether there is one.
func (a *App) nextLine(wanted func(*event.Event) bool) bool {
	t, ok := a.top().(*transcript)
	if !ok {
		return true
	}
	n := a.visible(t.session)
	for i := 1; i <= n; i++ {
		at := (t.cursor.Cursor + i) % n
		if wanted(t.session.Rows[a.nth(t.session, at)].Event) {
			t.cursor.To(at, n)
			return true
		}
	}
	return false
}

// trouble is what ! stops at.
func trouble(e *event.Event) bool {
	switch e.Status {
	case "NO", "BAD", "-ERR":
		return true
	case "BYE":
		return e.For != "LOGOUT"
	}
	return e.Error != "" || e.Finding != nil || e.Kind == event.KindLog || e.TLS != nil && e.TLS.Failure != ""
}

func (a *App) order(step int) {
	if p, ok := a.top().(*sessions); ok {
		p.reorder(a, step)
	}
}

func (a *App) notes() { a.top().(*transcript).plain = !a.top().(*transcript).plain }
func (a *App) wrap()  { a.top().(*transcript).wrap = !a.top().(*transcript).wrap }
func (a *App) clock() { a.top().(*transcript).day = !a.top().(*transcript).day }
func (a *App) form()  { a.top().(*detail).form() }

func (a *App) sideways(n int) {
	t := a.top().(*transcript)
	t.left = max(0, t.left+n)
}

// body is the part of the screen that a pane's rows stand in.
func (a *App) body(p pane) widget.Canvas {
	c := widget.Whole(a.screen)
	head := 1
	if h, ok := p.(interface{ head(a *App, w int) int }); ok {
		head += h.head(a, c.W)
	}
	foot := 0
	if f, ok := p.(interface{ foot(w, h int) int }); ok {
		foot = f.foot(c.W, c.H-2)
	}
	return c.Sub(0, head, c.W, max(0, c.H-head-foot-1))
}
