package captures

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"mailtap/captures/pcapng"
	"mailtap/captures/tcp"
	"mailtap/parse/event"
)

// Session is what a quick look at a capture tells of one of its sessions.
type Session struct {
	ID         string
	Proto      event.Proto
	Client     string // IP:PORT
	Server     string // IP:PORT; where it was reached
	Upstream   string // URL
	Start, End time.Time
	Octets     [2]int64 // from the client, from the server
	User       string   // as far as the comments name one, like the next two
	Mailbox    string
	ClientID   string
	TLS        [2]Layer // of the client's connection, of the server's
	Findings   int      // that its packets have
	Worst      event.Severity
	Close      *event.Close

	section, first, last int64 // where it stands in the file; first is 0 where that is of no use
}

// Layer is what a quick look tells of TLS on one side: nothing of cleartext.
type Layer struct{ Version, Failure string }

// index is a quick pass over a capture: no session is parsed.
type index struct {
	found func(*Session)
	list  []*Session
	byID  map[string]*Session
	conns map[ends]*Session
	notes notes

	others *tcp.Assembler
	at     place // of the packet that others looks at
}

// Sessions looks over the capture and gives its sessions in the order of
// their beginnings. Of a capture that was cut it gives those up to the cut,
// with an error that is ErrTruncated.
func (r *Reader) Sessions() ([]*Session, error) {
	if r.rawlog != nil {
		return r.rawlog.sessions(r)
	}
	x := &index{byID: map[string]*Session{}, conns: map[ends]*Session{}, found: r.Found}
	if x.found == nil {
		x.found = func(*Session) {}
	}
	x.others = tcp.New(x)
	err := r.scan(nil, x.packet)
	x.others.Flush()
	r.mail, r.passed = len(x.list) > 0, x.others.Passed()
	for _, s := range x.list {
		if s.Close == nil {
			x.found(s)
		}
	}
	if err != nil {
		err = fmt.Errorf("reading capture %s: %w", r.path, err)
	}
	r.listed = make([]string, len(x.list))
	for i, s := range x.list {
		r.listed[i] = s.ID
	}
	if r.seekable && !r.packed && r.format == formatPcapng {
		r.index = x.byID
	}
	return x.list, err
}

// foreign takes a packet that another tool recorded.
func (x *index) foreign(p *pcapng.Packet, at place) {
	x.at = at
	stream := x.others.Packet(p.Link, p.Time, p.Data, p.Length)
	if stream == nil {
		return
	}
	switch s := stream.Data.(type) {
	case nil:
		stream.Data = at // its first packet: what it is shows later
	case *Session:
		s.last, s.End = at.offset, p.Time
	}
}

// Open lists a stream that turned out to be a session.
func (x *index) Open(stream *tcp.Stream) {
	first, ok := stream.Data.(place)
	if !ok {
		first = x.at
	}
	s := &Session{ID: stream.ID, Proto: stream.Proto, Client: stream.Client.String(), Server: stream.Server.String(),
		Upstream: stream.Proto.String() + "://" + stream.Server.String(), Start: stream.Start, End: stream.Start,
		section: first.section, first: first.first(), last: x.at.offset}
	stream.Data = s
	x.list = append(x.list, s)
	x.byID[s.ID] = s
	x.found(s)
}

// Octets counts.
func (x *index) Octets(stream *tcp.Stream, side event.Side, data []byte, t time.Time) {
	s := stream.Data.(*Session)
	d := client
	if side == event.SideServer {
		d = server
	}
	s.Octets[d] += int64(len(data))
	s.End = t
}

func (x *index) Gap(*tcp.Stream, event.Side, int64, time.Time)  {}
func (x *index) TLS(*tcp.Stream, *tcp.Handshake, time.Time)     {}
func (x *index) End(*tcp.Stream, event.Side, time.Time)         {}
func (x *index) Close(*tcp.Stream, event.Side, bool, time.Time) {}

// packet takes the next packet of the file.
func (x *index) packet(p *pcapng.Packet, at place) error {
	x.notes.read(p)
	seg, ok := segment{}, false
	if p.Link == pcapng.LinkRaw {
		seg, ok = parseRaw(p)
	}
	s, d := x.session(&seg, ok, p, at)
	if s == nil {
		x.foreign(p, at)
		return nil
	}
	s.last, s.End = at.offset, p.Time
	s.Octets[d] += int64(len(seg.data) + seg.omitted)
	for i, kind := range x.notes.kinds {
		if kind == kindServerLeg || kind == kindEvent {
			continue // they tell nothing here, and there may be many
		}
		e, err := decodeEvent(x.notes.events[i])
		if err != nil || kindOf(e) != kind || e.Context != nil && e.Session != s.ID {
			continue
		}
		s.note(e)
		if kind == kindOpen || kind == kindClose {
			x.found(s)
		}
	}
	if len(x.list) > maxSessions {
		return errors.New("it has more sessions than can be listed; name one: CAPTURE#SESSION")
	}
	return nil
}

// maxSessions is how many sessions a list may have: some 500 octets each.
const maxSessions = 1 << 20

// session is the one that a packet belongs to, and the packet's direction.
func (x *index) session(seg *segment, ok bool, p *pcapng.Packet, at place) (*Session, int) {
	there, back := ends{seg.src, seg.dst}, ends{seg.dst, seg.src}
	s := x.byID[x.notes.session]
	syn := ok && seg.flags&(flagSYN|flagACK) == flagSYN
	switch {
	case syn && s == nil && x.opens():
		s = &Session{ID: x.notes.session, Start: p.Time, section: at.section, first: at.first()}
		x.list = append(x.list, s)
		x.byID[s.ID], x.conns[there] = s, s
		return s, client
	case syn && s != nil:
		x.conns[there] = s
		return s, client
	case syn:
		delete(x.conns, there)
	case ok && x.conns[there] != nil:
		return x.conns[there], client
	case ok && x.conns[back] != nil:
		return x.conns[back], server
	}
	return s, client
}

// first is where reading may begin for a session whose first packet is there.
func (at place) first() int64 {
	if !at.seek {
		return 0
	}
	return at.offset
}

// opens reports whether the packet's comments begin a session.
func (x *index) opens() bool {
	for _, kind := range x.notes.kinds {
		if kind == kindOpen {
			return x.notes.session != ""
		}
	}
	return false
}

// note takes what a recorded event tells of the session.
func (s *Session) note(e *event.Event) {
	if s.Proto == event.ProtoNone && e.Context != nil {
		s.Proto = e.Proto
	}
	if c := e.Context; c != nil {
		s.User, s.Mailbox, s.ClientID = cmp.Or(c.User, s.User), cmp.Or(c.Mailbox, s.Mailbox), cmp.Or(c.ClientID, s.ClientID)
	}
	switch {
	case e.Finding != nil:
		s.Findings++
		s.Worst = max(s.Worst, e.Finding.Severity)
	case e.TLS != nil:
		d := client
		if e.TLS.Side == event.SideServer {
			d = server
		}
		s.TLS[d] = Layer{e.TLS.Version, e.TLS.Failure}
	case e.Close != nil:
		s.Close = e.Close
	case e.Kind == event.KindSessionOpen:
		s.Client, s.Upstream = e.Route.Client, e.Route.Upstream
	case e.Kind == event.KindUpstreamOpen:
		s.Server = e.Route.Server
	}
}
