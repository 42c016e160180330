package view

import (
	"slices"

	"mailtap/parse/event"
)

// A proxy may run for days, and its viewer with it: what is held of it is
// bounded. Lines go first, those of the sessions that ended longest ago before
// all others; where a recording has them they can be read again.

const (
	// mostSessions is how many sessions a live viewer lists, but for those that
	// are open.
	mostSessions = 20_000

	// mostLog is how many lines of mailtap's own log are held.
	mostLog = 20_000

	// fewestRows is how many rows an open session keeps in any case.
	fewestRows = 64
)

// bound lets go of what is too much in a live viewer.
func (a *App) bound() {
	m := a.model
	if !a.options.Live {
		return
	}
	if n := len(m.Log); n > mostLog {
		m.Log = slices.Clone(m.Log[n-mostLog*7/8:])
	}
	if len(m.Sessions) > mostSessions {
		a.shorten(len(m.Sessions) - mostSessions*7/8)
	}
	if m.lines <= a.options.Lines {
		return
	}
	enough := a.options.Lines * 7 / 8 // so that this is not done for every line
	for _, s := range m.Sessions {
		if m.lines <= enough {
			return
		}
		if s.apart == held && s.lines > 0 && !s.Ended.IsZero() && !a.looksAt(s) {
			a.letGo(s)
		}
	}
	for m.lines > enough {
		s := slices.MaxFunc(m.Sessions, func(x, y *Session) int { return int(x.lines - y.lines) })
		if len(s.Rows) < 2*fewestRows {
			return
		}
		a.trim(s, len(s.Rows)/2)
	}
}

// letGo lets go of all rows of a session that has ended.
func (a *App) letGo(s *Session) {
	s.matched = a.filter.compiled != nil && (s.matched || len(s.matches.rows) > 0)
	if a.options.Library == nil {
		a.trim(s, len(s.Rows))
		return
	}
	a.model.kept -= s.forget()
	a.model.lines -= s.lines
	s.lines = 0
	s.unload()
	a.tellBound()
}

// trim lets go of the first n rows of s. What is open of it stays where it is.
func (a *App) trim(s *Session, n int) {
	a.tellBound()
	at := a.places(s)
	first := s.Rows[n-1].Event
	s.gone += n
	if s.gone > n { // one of them is the row that told of those before
		s.gone--
	}
	told := Row{At: -1, Event: &event.Event{
		Kind: event.KindLog, Time: first.Time, Context: first.Context, After: key(first), Level: event.SeverityWarning,
		Message: itoa(int64(s.gone)) + " lines before this are no longer held here, where memory is bounded; proxy --record PATH keeps everything",
	}}
	s.Rows = append([]Row{told}, s.Rows[n:]...)
	for cmd, seq := range s.answers {
		if seq <= key(first) {
			delete(s.answers, cmd)
		}
	}
	s.matched = a.filter.compiled != nil && (s.matched || len(s.matches.rows) > 0)
	s.matches.shift(n)
	a.weighAgain(s)
	for p, row := range at {
		p.moved(a, row, n-1)
	}
	if a.job != nil && a.job.title == "searching" { // among rows that are others now
		a.job = nil
	}
}

// weighAgain brings the sums of what rows take up to date.
func (a *App) weighAgain(s *Session) {
	a.model.lines -= s.lines
	s.lines = 0
	if len(s.Rows) == 1 && !s.Ended.IsZero() { // nothing more to let go of
		return
	}
	for i := range s.Rows {
		s.lines += weigh(s.Rows[i].Event)
	}
	a.model.lines += s.lines
}

// shift makes m that of the rows behind the first n, before which one was put.
func (m *matches) shift(n int) {
	kept := m.rows[:0]
	for _, row := range m.rows {
		if int(row) >= n {
			kept = append(kept, row-int32(n-1))
		}
	}
	m.rows, m.scanned = kept, max(0, m.scanned-n+1)
}

// rowed is a pane that stands at a row of a session.
type rowed interface {
	// moved tells it that it stood at row, and that rows have by fewer before them.
	moved(a *App, row, by int)
}

// places are the rows at which panes of s stand.
func (a *App) places(s *Session) map[rowed]int {
	at := map[rowed]int{}
	for _, p := range a.over {
		switch p := p.(type) {
		case *transcript:
			if row, ok := p.current(a); ok && p.session == s {
				at[p] = row
			}
		case *detail:
			if p.session == s {
				at[p] = p.row
			}
		}
	}
	return at
}

func (p *transcript) moved(a *App, row, by int) {
	row = max(0, row-by)
	if !p.cursor.Follow {
		to := a.place(p.session, row)
		if p.cursor.Stay(a.visible(p.session), func(i int) bool { return i == to }); to == 0 {
			p.cursor.To(0, a.visible(p.session))
		}
	}
	unfolded := map[int]*unfolded{}
	for i, u := range p.unfolded {
		if i > by {
			unfolded[i-by] = u
		}
	}
	p.unfolded = unfolded
}

func (p *detail) moved(a *App, row, by int) { p.show(max(0, row-by)) }

// shorten takes the n sessions off the list that ended first, but for those
// that are looked at.
func (a *App) shorten(n int) {
	gone := map[*Session]bool{}
	for _, s := range a.model.Sessions {
		if len(gone) < n && !s.Ended.IsZero() && !a.looksAt(s) {
			gone[s] = true
		}
	}
	a.model.remove(func(s *Session) bool { return gone[s] })
	if a.job != nil && a.job.title == "filtering" { // it counts sessions
		a.startFilter()
	}
	ids := map[string]bool{}
	for s := range gone {
		ids[s.ID] = true
	}
	a.model.Accounts.Forget(func(id string) bool { return ids[id] })
	a.tellBound()
}

// tellBound says, once, that not all is here any more.
func (a *App) tellBound() {
	if a.bounded {
		return
	}
	a.bounded = true
	text := "the lines of the sessions that ended first are let go of from now on, so that memory stays bounded"
	if a.options.Library != nil {
		text += "; enter reads them from the recording"
	}
	a.say("%s", text)
	a.model.Log = append(a.model.Log, &event.Event{Kind: event.KindLog, Time: a.now(), Level: event.SeverityWarning, Message: text})
}
