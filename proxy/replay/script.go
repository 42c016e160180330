package replay

import (
	"bytes"
	"regexp"
	"strings"
	"time"

	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// script is what a recorded server says to each command.
type script struct {
	proto    event.Proto
	greeting *Turn
	steps    []*step
	accepted *step       // the login that was taken; nil where none was
	refused  *step       // one that was not
	before   []string    // capabilities before the login, as they were said last
	behind   []string    // and behind it
	next     int         // the step behind the one that was played last
	fetched  []*fetching // for sets of messages that were never asked for in one
}

// step is a recorded command and what answered it.
type step struct {
	at      int // in the script
	name    string
	meaning string
	mailbox string
	parts   []part // in order; the completion is the last, where there was one
	done    int    // IDLE: how many parts came before DONE
	used    bool
	begun   time.Time
}

// part is one response, and how long after what came before it.
type part struct {
	turn  *Turn
	after time.Duration
}

// scriptOf makes the script of a recording.
func scriptOf(rec *Recording) *script {
	w := &writer{script: &script{proto: rec.Proto}, open: map[int64]*step{}}
	for i := range rec.Turns {
		t := &rec.Turns[i]
		switch {
		case t.sent():
			w.client(t)
		case t.answered():
			w.server(t)
		}
		if t.Kind.Protocol() && t.Leg == event.LegBoth {
			w.last = t.Time
		}
	}
	return w.script
}

// writer makes a script of the turns in order.
type writer struct {
	*script
	open    map[int64]*step // without a completion, by the command's seq
	pending []*step
	lead    []part // unilateral data with no command open: it comes with the next
	idle    *step
	last    time.Time
}

func (w *writer) client(t *Turn) {
	switch {
	case t.Kind == event.KindCommand:
		s := &step{at: len(w.steps), name: t.Name, meaning: compare.Meaning(t.Event), mailbox: mailboxOf(t.Event), begun: t.Time, parts: w.lead, done: -1}
		w.lead = nil
		w.open[t.Seq] = s
		w.pending = append(w.pending, s)
		if t.Name == "IDLE" {
			w.idle = s
		}
		if !loginName(t.Name) {
			w.steps = append(w.steps, s)
		}
	case w.idle != nil && strings.EqualFold(strings.TrimSpace(string(t.Data)), "DONE"):
		w.idle.done = len(w.idle.parts)
	}
}

func (w *writer) server(t *Turn) {
	if list := capabilitiesIn(t); list != nil {
		if t.State == event.StateNotAuthenticated && t.For != "LOGIN" && t.For != "AUTHENTICATE" || t.State == event.StateAuthorization {
			w.before = list
		} else {
			w.behind = list
		}
	}
	p := part{turn: t, after: max(0, t.Time.Sub(w.last))}
	switch {
	case t.Kind == event.KindGreeting:
		w.greeting = t
	case t.Kind != event.KindResponse:
	case w.open[t.Cmd] != nil:
		s := w.open[t.Cmd]
		s.parts = append(s.parts, p)
		if t.Completes {
			w.complete(t, s)
		}
	case len(w.pending) > 0:
		w.pending[0].parts = append(w.pending[0].parts, p)
	default:
		w.lead = append(w.lead, p)
	}
}

func (w *writer) complete(t *Turn, s *step) {
	delete(w.open, t.Cmd)
	for i := range w.pending {
		if w.pending[i] == s {
			w.pending = append(w.pending[:i:i], w.pending[i+1:]...)
			break
		}
	}
	good := t.Status == "OK" || t.Status == "+OK"
	switch {
	case s == w.idle:
		if s.done < 0 {
			s.done = len(s.parts) - 1
		}
		w.idle = nil
	case !loginName(s.name) || s.name == "USER":
	case good && w.accepted == nil:
		w.accepted = s
	case !good:
		w.refused = s
	}
	if f := fetchingOf(s); f != nil {
		w.fetched = append(w.fetched, f)
	}
}

// mailboxOf is the mailbox that a command works in: the same command means
// something else in another one. "" is for commands that work in any.
func mailboxOf(e *event.Event) string {
	switch strings.TrimPrefix(e.Name, "UID ") {
	case "FETCH", "STORE", "SEARCH", "COPY", "MOVE", "EXPUNGE", "SORT", "THREAD", "REPLACE", "CLOSE", "IDLE", "NOOP", "CHECK":
		if strings.EqualFold(e.Mailbox, "INBOX") {
			return "INBOX"
		}
		return e.Mailbox
	}
	return ""
}

// find is the step that answers a command: the next one in order with that
// meaning, else one before it that was not played yet, else the last that was.
func (s *script) find(meaning, mailbox string) (found *step, again bool) {
	var earlier, played *step
	for i, st := range s.steps {
		switch {
		case st.meaning != meaning || st.mailbox != mailbox:
		case st.used:
			played = st
		case i >= s.next:
			return s.play(st), false
		case earlier == nil:
			earlier = st
		}
	}
	if earlier != nil {
		return s.play(earlier), false
	}
	return played, true
}

func (s *script) play(st *step) *step {
	st.used = true
	s.next = max(s.next, st.at+1)
	return st
}

// fetching is what one FETCH brought, message by message.
type fetching struct {
	mailbox, items string
	uid            bool
	of             map[uint32]*Turn
}

// fetchingOf takes a FETCH apart; nil where a step is none.
func fetchingOf(s *step) *fetching {
	if s.name != "FETCH" && s.name != "UID FETCH" {
		return nil
	}
	f := &fetching{mailbox: s.mailbox, items: itemsOf(s.meaning), uid: s.name == "UID FETCH", of: map[uint32]*Turn{}}
	for _, p := range s.parts {
		d, ok := p.turn.Event.Data.(*syntax.FetchData)
		switch {
		case !ok:
		case f.uid && d.UID != 0:
			f.of[d.UID] = p.turn
		case !f.uid && d.Seq != 0:
			f.of[d.Seq] = p.turn
		}
	}
	return f
}

var setInMeaning = regexp.MustCompile(`"set":"[^"]*"`)

// itemsOf is the meaning of a FETCH without its set.
func itemsOf(meaning string) string { return setInMeaning.ReplaceAllString(meaning, "") }

// assemble answers a FETCH of messages that were fetched with other ones: nil
// where one of them was not.
func (s *script) assemble(e *event.Event, meaning string) (turns []*Turn) {
	args, ok := e.Data.(*syntax.FetchArgs)
	if !ok {
		return nil
	}
	if n, ok := args.Set.Count(); !ok || n > mostLearned {
		return nil
	}
	known := map[uint32]*Turn{}
	for _, f := range s.fetched {
		if f.mailbox == mailboxOf(e) && f.items == itemsOf(meaning) && f.uid == (e.Name == "UID FETCH") {
			for number, t := range f.of {
				known[number] = t
			}
		}
	}
	for _, r := range args.Set.Ranges {
		for number := min(r.Start, r.Stop); number <= max(r.Start, r.Stop); number++ {
			t := known[number]
			if t == nil {
				return nil
			}
			turns = append(turns, t)
		}
	}
	return turns
}

var correlator = regexp.MustCompile(`\(TAG "[^"]*"\)`)

// retagged is a response as another client gets it: with its tag.
func retagged(t *Turn, tag string) []byte {
	switch {
	case t.Proto != event.IMAP:
		return t.Data
	case t.Name == "ESEARCH":
		return correlator.ReplaceAllLiteral(t.Data, []byte(`(TAG "`+tag+`")`))
	case t.Completes:
		if _, rest, ok := bytes.Cut(t.Data, []byte(" ")); ok {
			return append([]byte(tag+" "), rest...)
		}
	}
	return t.Data
}
