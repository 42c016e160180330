// Package pop3 understands POP3 (RFC 1939, 2449, 1734, 5034, 6856, 2595, 3206
// and what servers add): it cuts both directions into lines and blocks, pairs
// responses with their commands, follows the session's state and finds the
// secrets. See wire.Session for the calls.
//
//	octets -> Splitter -> fragments -> Session -> events
//	                         |            |
//	              command.go, response.go, block.go (what is it?)
//	              secrets.go (what in it may not be told?)
//
// It does no I/O, knows no clock, decides nothing (proxy/gate does) and words
// nothing (parse/explain does). A new command is a row in table.go and a
// session in testdata.
package pop3

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/sasl"
	"mailtap/parse/wire"
)

// Session is one POP3 connection. It implements wire.Session.
type Session struct {
	wire.Journal
	o wire.Options

	client, server direction
	queue          []*pending
	exchanges      int    // AUTH with a mechanism, in the queue
	refused        int    // commands that mailtap answers, in the queue
	open           *block // the block of the client's leg that is being read
	legOpen        *block // one that only the server's leg has
	xmit           *xmit  // a message that the client sends
	greeted        bool
	earlier        bool   // the next response may answer a login that nobody recorded
	heard          bool   // some line of the server came
	named          string // by USER, until the login's end
	pipelines      bool   // the client has sent a command before the last one's answer
	echo           sasl.Echo

	owed bool // AUTH was answered before the client's part, which may still come, as a line

	out, back []byte // what Feed gives
	passing   bool   // Feed's chunk goes on as it is
	gate      wire.Gate
	feeding   event.Side // whose chunk Feed is at; SideNone outside
	now       time.Time  // of that chunk
	scratch   []byte

	piece       wire.Octets // the one that the sink has
	fragmentNow Fragment
}

// direction is what is kept of one side between chunks.
type direction struct {
	side    event.Side
	split   Splitter
	sent    int        // octets of the kept line that went on already
	known   wire.Known // secrets by a record
	altered *wire.Altered
	long    *long
	skip    bool // the rest of a long line goes nowhere
	ended   bool
	astray  bool // octets are missing, and no line has begun behind them for sure
}

var _ wire.Session = (*Session)(nil)

// New starts a session.
func New(o wire.Options) *Session {
	s := &Session{Journal: wire.NewJournal(o, event.POP3, event.StateAuthorization), o: o}
	s.client.side, s.server.side = event.SideClient, event.SideServer
	if o.LoggedIn {
		s.Journal.State = event.StateTransaction
		s.greeted, s.earlier = true, true
	}
	return s
}

func (s *Session) dir(side event.Side) *direction {
	if side == event.SideClient {
		return &s.client
	}
	return &s.server
}

// Info tells where the session stands.
func (s *Session) Info() wire.Info {
	info := s.Journal.Info()
	info.Boundary = s.server.split.Boundary() && s.open == nil
	info.Pending = len(s.queue)
	return info
}

// Close frees what the session holds.
func (s *Session) Close() { s.echo.Forget() }

// Upgraded tells that TLS runs on side. What the client said before is
// forgotten: whoever sat on the line may have said it (RFC 2595 §4).
func (s *Session) Upgraded(side event.Side, t time.Time) {
	if side != event.SideClient {
		return
	}
	s.loosen(s.dir(side), t, "TLS begins in the middle of the line")
	s.named = ""
	s.queue, s.exchanges, s.refused = nil, 0, 0
	s.Journal.State = event.StateAuthorization
	s.Change(func(c *event.Context) { c.User = "" })
}

// EOF tells that side sends no more.
func (s *Session) EOF(side event.Side, t time.Time) {
	d := s.dir(side)
	if d.ended {
		return
	}
	d.ended = true
	var events []*event.Event
	s.Journal.Sink = &delayed{Sink: s.o.Sink, events: &events}
	s.flush(d, t)
	s.Journal.Sink = s.o.Sink
	s.o.Sink.Octets(&wire.Octets{Side: side, Time: t, End: true})
	for _, e := range events {
		s.o.Sink.Event(e)
	}
}

// delayed hands octets on and keeps events: at a side's end its Octets come first.
type delayed struct {
	wire.Sink
	events *[]*event.Event
}

func (d *delayed) Event(e *event.Event) { *d.events = append(*d.events, e) }

// flush makes events of what has no end.
func (s *Session) flush(d *direction, t time.Time) {
	s.loosen(d, t, "the line has no end")
	if d.side == event.SideClient && s.xmit != nil {
		s.endXmit(nil, t, "the connection ended before the termination octet")
	}
	if d.side == event.SideServer && s.open != nil {
		s.open.fault = "the connection ended before the termination octet"
		s.endBlock(&line{dir: event.SideServer}, s.open.last, false)
	}
	if d.side == event.SideServer && s.legOpen != nil {
		s.endLeg(t, false)
	}
}

// loosen takes what is kept of a direction, although its end has not come.
func (s *Session) loosen(d *direction, t time.Time, fault string) {
	f := d.split.Flush()
	d.sent = 0
	switch {
	case d.long != nil:
		s.endLong(d, t, fault)
		d.split.Abandon()
	case f.Kind == Text:
		s.blockText(d, &f)
	case f.Kind == Line:
		s.loose(d.line(&f), fault)
	}
}
