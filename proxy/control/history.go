package control

import (
	"slices"
	"sync"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// History keeps the last of what sessions had to say. It is a sink of the
// proxy that may drop; its methods may be called by several goroutines.
type History struct {
	limit int64

	mu       sync.Mutex
	entries  []entry // the oldest first
	first    int64   // the number of entries[0]
	next     int64   // the number of the entry that comes next
	events   int64   // how many entries so far were events
	size     int64
	sessions map[string]*session
	order    []string      // of sessions: as they began
	changed  chan struct{} // closed, and made anew, with every change
	closed   bool
}

// dropping is what was left out: events, and octets of sessions.
type dropping struct{ events, octets int64 }

func (d *dropping) add(more dropping) {
	d.events += more.events
	d.octets += more.octets
}

// entry is one item, or, without one, what the queue before us dropped.
type entry struct {
	item   wire.Item
	size   int64
	events int64 // how many events came before it
	lost   dropping
	at     time.Time
}

// session is what is known of one beside its entries.
type session struct {
	Session
	context *event.Context
	seq     int64   // of its newest event
	kept    int     // entries
	head    []first // what opened it, kept for as long as it is
}

// first is an opening event and the number of its entry.
type first struct {
	item wire.Item
	at   int64
}

// maxHead is how many opening events of a session are kept apart.
const maxHead = 8

// NewHistory keeps about limit octets; 0 is DefaultHistory.
func NewHistory(limit int64) *History {
	if limit <= 0 {
		limit = DefaultHistory
	}
	return &History{limit: limit, sessions: map[string]*session{}, changed: make(chan struct{})}
}

// Write takes a batch of items; they are kept, and not changed.
func (h *History) Write(batch []wire.Item) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range batch {
		h.add(batch[i])
	}
	h.trim()
	h.wake()
	return nil
}

// Dropped tells what was lost before it came here.
func (h *History) Dropped(events int, octets int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.push(entry{lost: dropping{int64(events), octets}, size: entrySize, at: time.Now()})
	h.wake()
}

// Close ends every stream once it has what is kept.
func (h *History) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.wake()
}

func (h *History) wake() {
	close(h.changed)
	h.changed = make(chan struct{})
}

func (h *History) push(e entry) {
	e.events = h.events
	if e.item.Event != nil {
		h.events++
	}
	h.entries = append(h.entries, e)
	h.next++
	h.size += e.size
}

func (h *History) add(item wire.Item) {
	h.push(entry{item: item, size: weigh(&item)})
	if item.Session == "" {
		return
	}
	s := h.sessions[item.Session]
	if s == nil {
		s = &session{Session: Session{Session: item.Session, Open: true}}
		h.sessions[item.Session] = s
		h.order = append(h.order, item.Session)
	}
	s.kept++
	if item.Event != nil {
		s.event(item.Event)
		if opening(item.Event) && len(s.head) < maxHead {
			s.head = append(s.head, first{item, h.next - 1})
		}
	}
}

// opening reports whether e is one of those without which a session cannot be
// understood, or recorded.
func opening(e *event.Event) bool {
	switch e.Kind {
	case event.KindSessionOpen, event.KindUpstreamOpen, event.KindTLS:
		return true
	}
	return false
}

// trim forgets the oldest until what is kept is within the limit.
func (h *History) trim() {
	n := 0
	for h.size > h.limit && n < len(h.entries) {
		e := &h.entries[n]
		h.size -= e.size
		if s := h.sessions[e.item.Session]; s != nil {
			s.kept--
			s.Gone++
			h.forget(s)
		}
		*e = entry{}
		n++
	}
	h.entries = h.entries[n:]
	h.first += int64(n)
}

// forget drops a session that is over and of which nothing is kept.
func (h *History) forget(s *session) {
	if s.kept > 0 || s.Open {
		return
	}
	delete(h.sessions, s.Session.Session)
	if i := slices.Index(h.order, s.Session.Session); i >= 0 {
		h.order = slices.Delete(h.order, i, i+1)
	}
}

// entrySize is what an entry weighs beside its octets and texts.
const entrySize = 640

func weigh(item *wire.Item) int64 {
	n := entrySize
	if e := item.Event; e != nil {
		n += len(e.Text) + len(e.Other) + len(e.Note) + len(e.Message)
	}
	if o := item.Octets; o != nil {
		n += len(o.Data) + 64*len(o.Secrets)
	}
	return int64(n)
}

// event keeps the session's row up to date.
func (s *session) event(e *event.Event) {
	if e.Kind == event.KindMark { // the user's doing, not the session's
		return
	}
	s.seq = max(s.seq, e.Seq)
	if c := e.Context; c != nil {
		s.context = c
		s.Proto, s.User, s.Mailbox, s.ClientID = c.Proto.String(), c.User, c.Mailbox, c.ClientID
	}
	if state := e.State.String(); state != "" {
		s.State = state
	}
	switch e.Kind {
	case event.KindSessionOpen:
		s.Time = e.Time.UTC().Format(time.RFC3339Nano)
		s.route(e.Route)
	case event.KindUpstreamOpen:
		s.route(e.Route)
	case event.KindFinding:
		s.Findings++
	case event.KindCommand:
		s.Commands++
	case event.KindSessionClose:
		s.Open = false
		if c := e.Close; c != nil {
			s.BytesC, s.BytesS, s.Commands, s.By, s.Summary = c.BytesC, c.BytesS, c.Commands, c.By.String(), c.Summary
		}
		return
	}
	if e.Kind.Protocol() && e.Leg != event.LegServer {
		s.count(e)
	}
}

func (s *session) count(e *event.Event) {
	switch {
	case e.Dir == event.SideClient:
		s.BytesC += e.Bytes
	case e.Dir == event.SideServer, e.To == event.SideClient:
		s.BytesS += e.Bytes
	}
}

func (s *session) route(r *event.Route) {
	if r == nil {
		return
	}
	for _, f := range []struct {
		to   *string
		text string
	}{{&s.Listen, r.Listen}, {&s.Upstream, r.Upstream}, {&s.Client, r.Client}, {&s.Server, r.Server}, {&s.Failure, r.Failure}} {
		if f.text != "" {
			*f.to = f.text
		}
	}
}

// Sessions is the sessions that run and those of which something is kept, as they began.
func (h *History) Sessions() []Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]Session, 0, len(h.order))
	for _, id := range h.order {
		list = append(list, h.sessions[id].Session)
	}
	return list
}

// reader is a place in the history.
type reader struct {
	h       *History
	session string // of one session alone; "" is all
	octets  bool   // of all sessions, with octets
	at      int64  // the number of the entry to read next
	events  int64  // how many events came before it
	seen    int64  // how many items of the session came before it
	begun   bool
}

// chunk is what a reader gets at a time.
type chunk struct {
	items []wire.Item
	gone  int64         // items (events, for a reader of all) that were no longer kept, before these
	lost  dropping      // what never came here
	more  chan struct{} // closed when there is more
	end   bool          // nothing more will come
}

// maxChunk bounds what is handed out under one lock.
const maxChunk = 1024

// read takes what there is, at most maxChunk items. It does not wait.
func (r *reader) read() chunk {
	h := r.h
	h.mu.Lock()
	defer h.mu.Unlock()
	c := chunk{more: h.changed}
	c.gone = r.catchUp(&c)
	for r.at < h.next && len(c.items) < maxChunk {
		e := &h.entries[r.at-h.first]
		r.at++
		r.events = e.events
		if e.item.Event != nil {
			r.events++
		}
		if e.item.Session == r.session {
			r.seen++
		}
		switch {
		case e.lost != (dropping{}):
			c.lost.add(e.lost)
		case r.session == "" && (e.item.Event != nil || r.octets && e.item.Octets != nil), r.session != "" && e.item.Session == r.session:
			c.items = append(c.items, e.item)
		}
	}
	caught := r.at == h.next
	c.end = caught && (h.closed || r.session != "" && r.over())
	if !caught {
		ready := make(chan struct{})
		close(ready)
		c.more = ready
	}
	return c
}

// over reports whether the reader's session has ended.
func (r *reader) over() bool {
	s := r.h.sessions[r.session]
	return s == nil || !s.Open
}

// catchUp jumps over what is gone. A reader that begins gets what opened the
// sessions that still run.
func (r *reader) catchUp(c *chunk) (gone int64) {
	h := r.h
	if r.at >= h.first {
		r.begun = true
		return 0
	}
	now := h.events
	if len(h.entries) > 0 {
		now = h.entries[0].events
	}
	gone = now - r.events
	if r.session != "" {
		gone = 0
		if s := h.sessions[r.session]; s != nil {
			gone, r.seen = s.Gone-r.seen, s.Gone
		}
	}
	if !r.begun {
		gone -= r.heads(c)
	}
	r.at, r.events, r.begun = h.first, now, true
	return max(gone, 0)
}

// heads gives what opened the sessions and is itself no longer kept.
func (r *reader) heads(c *chunk) (n int64) {
	for _, id := range r.h.order {
		s := r.h.sessions[id]
		if r.session != "" && id != r.session {
			continue
		}
		for _, f := range s.head {
			if f.at < r.h.first {
				c.items = append(c.items, f.item)
				n++
			}
		}
	}
	return n
}
