package view

import (
	"context"
	"errors"
	"slices"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/view/widget"
)

// Library is captures that are too large to be held. The Source then gives an
// outline of each session and a survey of all events, and what the user opens
// is read again. Its methods are called by several goroutines.
type Library interface {
	// Load hands over the record of one session. Octets are valid until take
	// returns; its error ends the loading and is given back.
	Load(ctx context.Context, session string, take func(wire.Item) error) error

	// Walk hands over the events of all sessions, and how far it has come,
	// 0 to 1.
	Walk(ctx context.Context, take func(e *event.Event, far float64) error) error
}

// Outline is a session whose events were not read: what its Facts lack (a
// user, findings) comes with the survey.
type Outline struct {
	ID string
	Facts
}

// apart is where the rows of a session are.
type apart uint8

const (
	held   apart = iota // here: they came and stay
	unread              // in the library alone
	loaded              // here as long as there is room
)

// here reports whether s has its rows.
func (s *Session) here() bool { return s.apart != unread }

// outline takes what a quick look tells of a session. It may come again with
// more.
func (m *Model) outline(o *Outline) {
	s := m.byID[o.ID]
	if s == nil {
		s = &Session{ID: o.ID, apart: unread}
		m.byID[o.ID] = s
		m.Sessions = append(m.Sessions, s)
	}
	if s.apart == unread && s.passing == nil && !s.exact {
		s.Facts = o.Facts
	}
}

// survey takes an event that goes by: what it tells is kept, itself is not.
func (m *Model) survey(e *event.Event) {
	m.passed++
	m.everywhere(e)
	if e.Context == nil {
		return
	}
	if s := m.byID[e.Session]; s != nil && !s.exact {
		s.pass(e)
	}
}

// pass takes an event of s that goes by. Until the last one the outline's sums
// stand, since they are of all of it.
func (s *Session) pass(e *event.Event) {
	if s.passing == nil {
		s.passing = &Facts{Opened: e.Time}
	}
	f := s.passing
	f.see(e)
	s.Context, s.Findings, s.Worst = f.Context, max(s.Findings, f.Findings), max(s.Worst, f.Worst)
	if !f.Ended.IsZero() {
		s.Facts, s.passing, s.exact = *f, nil, true
	}
}

// surveyed ends the survey: what no session.close told stands now as well.
func (m *Model) surveyed() {
	for _, s := range m.Sessions {
		if s.passing != nil && !s.exact {
			s.Facts, s.exact = *s.passing, true
		}
		s.passing = nil
	}
}

const (
	// mostRows is how many rows of one session are loaded.
	mostRows = 100_000

	// mostHeld is how many octets of one session are loaded: the last ones.
	mostHeld = 16 << 20

	// room is what loaded sessions may take together, but for those that are
	// looked at.
	room = 48 << 20

	// rowSize is about what a row takes beside its text.
	rowSize = 800
)

// errEnough ends a loading that has become too much.
var errEnough = errors.New("enough")

// load reads the rows of a session.
func load(ctx context.Context, from Library, id string) (*Session, error) {
	s := &Session{ID: id, apart: loaded}
	err := from.Load(ctx, id, func(item wire.Item) error {
		switch e := item.Event; {
		case e == nil:
			s.hold(item.Octets)
		case len(s.Rows) >= mostRows:
			return errEnough
		default:
			s.add(e)
		}
		return nil
	})
	return s, err
}

// hold keeps octets, and forgets those before them where they are too many.
func (s *Session) hold(o *wire.Octets) {
	d := s.direction(o.Side)
	if len(d.kept)+len(o.Data) > mostHeld {
		d.from += int64(len(d.kept))
		d.kept = d.kept[:0]
	}
	d.kept = append(d.kept, o.Data...)
}

// size is about how much of the memory s takes.
func (s *Session) size() int {
	n := cap(s.client.kept) + cap(s.server.kept)
	for i := range s.Rows {
		n += int(weigh(s.Rows[i].Event))
	}
	return n
}

// weigh is about how much of the memory a row takes.
func weigh(e *event.Event) int64 { return int64(rowSize + len(e.Text) + len(e.Other)) }

// unload lets go of the rows of s.
func (s *Session) unload() {
	s.apart, s.Rows, s.answers, s.matches = unread, nil, nil, matches{}
	s.client, s.server = direction{}, direction{}
}

// reading is a session that is being loaded.
type reading struct {
	session *Session
	stop    context.CancelFunc
}

// withRows does something once s has its rows: at once where it has them. It
// is given up where the user asks for another session, or stops it.
func (a *App) withRows(s *Session, then func()) {
	a.stopReading()
	if s.here() {
		a.shelve(s)
		then()
		return
	}
	ctx, stop := context.WithCancel(a.ctx)
	r := &reading{s, stop}
	a.reading = r
	var read *Session
	a.beside("reading session "+s.ID, func() (err error) {
		read, err = load(ctx, a.options.Library, s.ID)
		return err
	}, func(err error) {
		stop()
		if a.reading != r {
			return
		}
		a.reading, a.message = nil, ""
		if err != nil && err != errEnough {
			a.fail(err)
			return
		}
		a.adopt(s, read, err == nil)
		if err == errEnough {
			a.say("only the first %d events of this session are shown; mailtap show prints all", mostRows)
		}
		then()
	})
}

// stopReading gives up the loading that is under way.
func (a *App) stopReading() {
	if a.reading != nil {
		a.reading.stop()
		a.reading = nil
	}
}

// adopt gives s what was read of it, which may be all or just the beginning.
func (a *App) adopt(s, read *Session, all bool) {
	s.Rows, s.answers, s.client, s.server = read.Rows, read.answers, read.client, read.server
	s.apart, s.matches = loaded, matches{}
	if all {
		s.Facts, s.passing, s.exact = read.Facts, nil, true
	}
	a.shelve(s)
	if a.filter.compiled != nil {
		a.startFilter()
	}
}

// shelve notes that s was used last, and makes room for it: the sessions whose
// use is longest ago lose their rows, but for those that are looked at.
func (a *App) shelve(s *Session) {
	if s.apart != loaded {
		return
	}
	kept, size := []*Session{s}, s.size()
	for _, old := range a.shelf {
		switch {
		case old == s || old.apart != loaded:
		case size+old.size() > room && !a.looksAt(old):
			old.unload()
		default:
			kept, size = append(kept, old), size+old.size()
		}
	}
	a.shelf = kept
}

// looksAt reports whether something on the screen, or below it, shows s.
func (a *App) looksAt(s *Session) bool {
	for _, p := range a.over {
		switch p := p.(type) {
		case *transcript:
			if p.session == s {
				return true
			}
		case *detail:
			if p.session == s {
				return true
			}
		}
	}
	return false
}

// surveying reports whether the survey of a library goes on.
func (a *App) surveying() bool { return a.options.Library != nil && !a.options.Live && a.ended == nil }

// untold says that the survey has not told all yet, or "".
func (a *App) untold() string {
	switch {
	case a.surveying():
		return "the captures are being looked through: " + itoa(int64(a.progress*100)) + "%, more may come"
	case a.model.unlisted > 0 && a.tab == tabFindings:
		return itoa(int64(a.model.unlisted)) + " more findings are not listed; mailtap diagnose gathers them by cause"
	}
	return ""
}

// drawUntold puts that on the first row, and gives what is left of c.
func (a *App) drawUntold(c widget.Canvas) widget.Canvas {
	text := a.untold()
	if text == "" {
		return c
	}
	c.Put(2, 0, widget.Cut(text, c.W-3), a.palette.Dim)
	return c.Sub(0, 1, c.W, c.H-1)
}

// headUntold is how many rows that takes.
func (a *App) headUntold() int { return min(1, len(a.untold())) }

// sifting is the search of a library for the sessions that the filter shows.
type sifting struct {
	started time.Time
	stop    context.CancelFunc
	far     float64
	found   map[string]bool
}

// sift begins to find the sessions of the library that have an event which the
// filter shows.
func (a *App) sift() {
	a.stopSifting()
	f, library := a.filter.compiled, a.options.Library
	if f == nil || library == nil || !slices.ContainsFunc(a.model.Sessions, func(s *Session) bool { return s.apart != held }) {
		return
	}
	ctx, stop := context.WithCancel(a.ctx)
	w := &sifting{started: a.now(), stop: stop, found: map[string]bool{}}
	a.sifting = w
	a.busy++
	go func() {
		seen := map[string]bool{}
		var news []string
		told := 0.0
		tell := func(far float64) {
			found := news
			news, told = nil, far
			a.call(func() {
				w.far = far
				for _, id := range found {
					w.found[id] = true
				}
			})
		}
		err := library.Walk(ctx, func(e *event.Event, far float64) error {
			if e.Context != nil && !seen[e.Session] && f.Match(e) {
				seen[e.Session] = true
				news = append(news, e.Session)
			}
			if far >= told+0.01 {
				tell(far)
			}
			return nil
		})
		tell(1)
		a.call(func() { a.sifted(w, err) })
	}()
}

// sifted ends a search.
func (a *App) sifted(w *sifting, err error) {
	a.busy--
	w.stop()
	w.far = 1
	if err != nil && !errors.Is(err, context.Canceled) && a.sifting == w {
		a.fail(err)
	}
}

// stopSifting gives up the search that is under way.
func (a *App) stopSifting() {
	if a.sifting != nil {
		a.sifting.stop()
		a.sifting = nil
	}
}

// sifts reports whether a search is under way.
func (a *App) sifts() bool { return a.sifting != nil && a.sifting.far < 1 }

// shows reports whether the filter lets s stand in the list.
func (a *App) shows(s *Session) bool {
	return a.filter.compiled == nil || len(s.matches.rows) > 0 || s.matched ||
		a.sifting != nil && s.apart != held && a.sifting.found[s.ID]
}

// call has the viewer's own goroutine do something, unless it has left.
func (a *App) call(do func()) {
	select {
	case a.calls <- do:
	case <-a.ctx.Done():
	}
}
