package view

import (
	"maps"
	"slices"
	"strings"
	"time"

	"mailtap/parse/behaviour"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Model is everything that the viewer knows: what came, in the order in which
// it came. Only the viewer's own goroutine touches it.
type Model struct {
	Sessions  []*Session // in order of their beginning
	Listening []*event.Event
	Log       []*event.Event // mailtap about itself, and what belongs to no session
	Left      Left           // what was left out on the way here
	Accounts  behaviour.Accounts

	byID             map[string]*Session
	causes           []*cause // of findings, as they were found first
	byCause          map[string]*cause
	forgotten        map[string]bool   // sessions
	marks            map[string]string // SESSION:SEQ -> the user's comment; "" is a mark alone
	passed, unlisted int               // events of a survey; findings that were too many
	kept             int64             // octets held for opening
	Keep             int64             // how many octets are held at the most; the oldest sessions lose theirs first
	oldest           int               // the first session that still holds octets
	lines            int64             // about what the rows held take, in octets
}

// Left counts what the viewer did not get because it could not keep up.
type Left struct{ Events, Octets int64 }

func (l Left) String() string {
	var parts []string
	if l.Events > 0 {
		parts = append(parts, itoa(l.Events)+" events")
	}
	if l.Octets > 0 {
		parts = append(parts, size(l.Octets)+" octets")
	}
	return strings.Join(parts, ", ")
}

// NewModel makes an empty model that holds at most keep octets of what was
// relayed, so that literals and message text can be opened.
func NewModel(keep int64) *Model {
	return &Model{byID: map[string]*Session{}, byCause: map[string]*cause{}, forgotten: map[string]bool{}, marks: map[string]string{}, Keep: keep}
}

// Session finds a session by its id.
func (m *Model) Session(id string) *Session { return m.byID[id] }

// Add takes items in their order.
func (m *Model) Add(items []wire.Item) {
	for i := range items {
		if e := items[i].Event; e != nil {
			m.event(e)
		}
		if o := items[i].Octets; o != nil {
			m.octets(items[i].Session, o)
		}
	}
}

func (m *Model) event(e *event.Event) {
	if e.Context != nil && m.forgotten[e.Session] {
		return
	}
	m.everywhere(e)
	if e.Context != nil && e.Session != "" {
		m.take(e)
	}
}

// take makes e a row of its session. Where the session has let go of its rows,
// or is off the list, the late finding or mark is none.
func (m *Model) take(e *event.Event) {
	s := m.byID[e.Session]
	switch {
	case s == nil && (e.Kind == event.KindFinding || e.Kind == event.KindMark):
		return
	case s != nil && !s.here():
		s.see(e)
		return
	case s == nil:
		s = m.session(e)
	}
	n := len(s.Rows)
	m.kept -= s.add(e)
	if s.apart == held {
		for _, r := range s.Rows[n:] {
			s.lines += weigh(r.Event)
			m.lines += weigh(r.Event)
		}
	}
}

// everywhere takes what is not a session's alone.
func (m *Model) everywhere(e *event.Event) {
	inside := e.Context != nil && e.Session != ""
	if inside {
		m.Accounts.See(e)
	} else {
		m.Log = append(m.Log, e)
	}
	switch e.Kind {
	case event.KindListening:
		m.Listening = append(m.Listening, e)
	case event.KindFinding:
		m.find(e)
	case event.KindMark:
		if inside {
			m.Mark(e.Session+":"+itoa(e.After), e.Text)
		}
	}
}

// less takes what was left out on the way here, and tells of it in the log.
func (m *Model) less(l Left) {
	if l == (Left{}) {
		return
	}
	m.Left.Events += l.Events
	m.Left.Octets += l.Octets
	m.Log = append(m.Log, &event.Event{
		Kind: event.KindLog, Time: time.Now(), Level: event.SeverityWarning,
		Message: "left out here, as more came than could be shown: " + l.String() + "; a recording has it all",
	})
}

func (m *Model) session(e *event.Event) *Session {
	s := m.byID[e.Session]
	if s == nil {
		s = &Session{ID: e.Session, Facts: Facts{Opened: e.Time}}
		m.byID[e.Session] = s
		m.Sessions = append(m.Sessions, s)
	}
	return s
}

// octets holds what was relayed until it is too much.
func (m *Model) octets(id string, o *wire.Octets) {
	s := m.byID[id]
	if s == nil || m.Keep == 0 || s.apart != held {
		return
	}
	d := s.direction(o.Side)
	d.kept = append(d.kept, o.Data...)
	m.kept += int64(len(o.Data))
	for m.kept > m.Keep && m.oldest < len(m.Sessions) {
		old := m.Sessions[m.oldest]
		m.kept -= old.forget()
		if old == s { // one session alone is over the limit: it begins anew
			break
		}
		m.oldest++
	}
}

// open is how many sessions are open.
func (m *Model) open() int {
	n := 0
	for _, s := range m.Sessions {
		if s.Ended.IsZero() {
			n++
		}
	}
	return n
}

// Survey takes items that go by: a library's.
func (m *Model) Survey(items []wire.Item) {
	for i := range items {
		if e := items[i].Event; e != nil {
			m.survey(e)
		}
	}
}

// Mark puts a mark on an event: a comment or event.MarkAlone; "" takes it away.
func (m *Model) Mark(id, text string) {
	switch text {
	case "":
		delete(m.marks, id)
	case event.MarkAlone:
		m.marks[id] = ""
	default:
		m.marks[id] = text
	}
}

// Marked is the comment on an event, and whether there is one.
func (m *Model) Marked(id string) (comment string, ok bool) {
	comment, ok = m.marks[id]
	return comment, ok
}

// Forget drops the sessions that gone is true of, and what was found in them.
// What is told of them later is not taken any more.
func (m *Model) Forget(gone func(*Session) bool) {
	m.remove(func(s *Session) bool {
		if !gone(s) {
			return false
		}
		m.forgotten[s.ID] = true
		return true
	})
	m.forgetFound(func(id string) bool { return m.forgotten[id] })
}

// remove takes the sessions off the list that gone is true of, with their rows
// and marks.
func (m *Model) remove(gone func(*Session) bool) {
	m.Sessions = slices.DeleteFunc(m.Sessions, func(s *Session) bool {
		if !gone(s) {
			return false
		}
		if s.apart == held {
			m.kept -= s.forget()
			m.lines -= s.lines
		}
		delete(m.byID, s.ID)
		return true
	})
	m.oldest = 0
	maps.DeleteFunc(m.marks, func(id, _ string) bool { return m.byID[sessionOf(id)] == nil })
}

// Row is one event of a session, and where its octets begin in its direction.
type Row struct {
	Event *event.Event
	At    int64
}

// Session is what is known of one session.
type Session struct {
	ID string
	Facts
	Rows []Row

	apart          apart  // where its rows are
	passing        *Facts // what a survey has seen of it so far
	exact          bool   // the facts are of all its events
	client, server direction
	answers        map[int64]int64 // a command's seq -> its completion's
	lines          int64           // about what its rows take, while they are held
	gone           int             // rows that were let go of
	matched        bool            // one of those that were let go of matches the filter
	last           int64           // the seq of the newest event
	matches        matches
}

// direction is what one side sent, as far as it is held.
type direction struct {
	at   int64  // octets that events have claimed
	from int64  // the offset of kept[0]
	kept []byte // what is held
}

func (s *Session) direction(side event.Side) *direction {
	if side == event.SideClient {
		return &s.client
	}
	return &s.server
}

// forget drops the octets that s holds and says how many they were.
func (s *Session) forget() int64 {
	n := int64(0)
	for _, d := range []*direction{&s.client, &s.server} {
		n += int64(len(d.kept))
		d.from += int64(len(d.kept))
		d.kept = nil
	}
	return n
}

// add makes e a row, and says how many octets s let go of. A mark is no row: it
// stands with the line that it is on; but a comment that is on none, as users
// write them elsewhere, is one.
func (s *Session) add(e *event.Event) (let int64) {
	if e.Kind == event.KindMark && e.After != 0 {
		return 0
	}
	s.missing(e)
	row := Row{Event: e}
	if e.Kind.Protocol() {
		row.At, let = s.claim(e)
		if e.Completes && e.Leg == event.LegBoth {
			if s.answers == nil {
				s.answers = map[int64]int64{}
			}
			s.answers[e.Cmd] = e.Seq
		}
	}
	s.see(e)
	s.Rows = append(s.Rows, row)
	return let
}

// missing makes a row that tells of the events before e which did not come here.
func (s *Session) missing(e *event.Event) {
	if e.Seq == 0 {
		return
	}
	if n := e.Seq - s.last - 1; n > 0 {
		s.Rows = append(s.Rows, Row{At: -1, Event: &event.Event{
			Kind: event.KindLog, Time: e.Time, Context: e.Context, After: e.Seq - 1, Level: event.SeverityWarning,
			Message: itoa(n) + " events are missing here: they were left out on their way to this viewer",
		}})
	}
	s.last = e.Seq
}

// claim gives e the octets that follow those of the event before it in its
// direction; what stands on the server's leg alone has none. Octets come before
// their event: where they do not reach to its end, some were left out, nobody
// knows where, and all that are held are let go of.
func (s *Session) claim(e *event.Event) (at, let int64) {
	if e.Leg == event.LegServer {
		return -1, 0
	}
	d := s.direction(legOf(e))
	at = d.at
	d.at += e.Bytes
	if d.from+int64(len(d.kept)) != d.at {
		let = int64(len(d.kept))
		d.from, d.kept = d.at, nil
	}
	return at, let
}

// Octets are the octets of a row: nil where they are no longer held, and
// whole says whether all of them are there.
func (s *Session) Octets(r Row) (data []byte, whole bool) {
	e := r.Event
	if r.At < 0 || !e.Kind.Protocol() {
		return nil, false
	}
	d := s.direction(legOf(e))
	from, to := r.At-d.from, r.At+e.Bytes-d.from
	if to <= 0 || from >= int64(len(d.kept)) {
		return nil, false
	}
	whole = from >= 0 && to <= int64(len(d.kept))
	return d.kept[max(0, from):min(to, int64(len(d.kept)))], whole
}

// Partner is the row of the command that row i answers, or of the completion
// that answers it; ok is false where there is none.
func (s *Session) Partner(i int) (row int, ok bool) {
	e := s.Rows[i].Event
	if e.Kind == event.KindCommand {
		seq, ok := s.answers[e.Seq]
		if !ok {
			return 0, false
		}
		return s.find(seq)
	}
	if e.Cmd == 0 {
		return 0, false
	}
	return s.find(e.Cmd)
}

// find is the row of the event with this seq: rows are in order of their seq,
// with findings between them.
func (s *Session) find(seq int64) (int, bool) {
	lo, hi := 0, len(s.Rows)
	for lo < hi {
		mid := (lo + hi) / 2
		if key(s.Rows[mid].Event) < seq {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	for ; lo < len(s.Rows) && key(s.Rows[lo].Event) == seq; lo++ {
		if s.Rows[lo].Event.Seq == seq {
			return lo, true
		}
	}
	return 0, false
}

// key orders rows: a finding stands where the event stands that it follows.
func key(e *event.Event) int64 {
	if e.Seq == 0 {
		return e.After
	}
	return e.Seq
}
