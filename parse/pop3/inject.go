package pop3

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Inject tells of whole lines that mailtap made and sent to one side.
func (s *Session) Inject(to event.Side, data []byte, t time.Time) {
	if to == event.SideClient {
		s.made(data, t)
		return
	}
	for part := range lines(data) {
		s.ownCommand(part, t)
	}
}

// made takes lines of mailtap's that went to the client.
func (s *Session) made(data []byte, t time.Time) {
	for part := range lines(data) {
		s.fromServer(&line{data: part, pieces: onePiece(part, t), dir: event.SideProxy})
	}
}

// ownCommand is a line of mailtap's on the server's leg. It is no command of
// the client, so nothing of it counts, and its response is another's too.
func (s *Session) ownCommand(data []byte, t time.Time) {
	p := parseCommand(data)
	h := s.hideCommand(data, &p, nil)
	l := &line{data: data, pieces: onePiece(data, t), dir: event.SideProxy}
	e := &event.Event{Time: t, Kind: event.KindCommand, Dir: event.SideProxy, To: event.SideServer, Leg: event.LegServer,
		Name: p.name, Data: commandData(data, &p, &h), Error: p.fault, OtherBytes: int64(len(data))}
	if !s.o.ShowSecrets {
		data = wire.Mask(nil, data, h.secrets)
	}
	e.Text = wire.Escape(trimEnd(data))
	q := s.pend(l, &p, &h)
	q.own = true
	s.push(q)
	s.Emit(e)
}

// ServerLeg tells of whole lines that the server sent and the client never got.
func (s *Session) ServerLeg(data []byte, t time.Time) {
	for part := range lines(data) {
		l := &line{data: part, pieces: onePiece(part, t), dir: event.SideServer}
		if s.legOpen == nil {
			s.serverLine(l)
			continue
		}
		f := Fragment{Kind: Slice, Data: part, Pieces: l.pieces}
		if isTermination(part) {
			f.Kind = Close
		}
		s.legText(&f)
	}
}

// serverLine takes a line that only the server's leg has: the response to a
// command of mailtap's, or one that the client is not to see.
func (s *Session) serverLine(l *line) {
	st := parseStatus(l.data)
	e := &event.Event{Kind: event.KindResponse, Leg: event.LegServer, Status: st.known(), Code: st.code, Error: st.fault}
	p := s.ownHead()
	switch {
	case st.word == "":
		e.Kind, e.Status = event.KindOctets, ""
	case p == nil && !s.greeted:
		e.Kind = event.KindGreeting
	case p != nil:
		p.answered(l.first())
		s.remove(p)
		if s.opens(p, l.data) {
			s.openLeg(l, p, e)
			return
		}
		complete(e, p, l.last())
	}
	s.record(l, nil, e)
}

// openLeg begins a multi-line response on the server's leg.
func (s *Session) openLeg(l *line, p *pending, e *event.Event) {
	b := &block{p: p, dir: event.SideServer, e: e, status: int64(len(l.data))}
	b.list.kind = p.name
	b.list.start()
	e.Text = wire.Escape(trimEnd(l.data))
	s.legOpen = b
}

// legText takes a part of that response.
func (s *Session) legText(f *Fragment) {
	b := s.legOpen
	if f.Kind != Close {
		b.size += int64(len(f.Data))
		b.list.add(f.Data)
		return
	}
	b.status += int64(len(f.Data))
	s.endLeg(f.Pieces[len(f.Pieces)-1].Time, true)
}

// endLeg makes the event of that response.
func (s *Session) endLeg(t time.Time, done bool) {
	b := s.legOpen
	s.legOpen = nil
	e := b.e
	e.Time, e.Dir, e.Leg = t, event.SideServer, event.LegServer
	e.Text += " " + wire.Placeholder(b.size)
	e.OtherBytes = b.status + b.size
	e.Data = b.list.data()
	if done {
		complete(e, b.p, t)
	}
	s.Emit(e)
}

// Drop tells of octets that were read from side and are passed on to nobody.
func (s *Session) Drop(side event.Side, data []byte, t time.Time, why string) {
	if len(data) == 0 {
		return
	}
	s.drop(&line{data: data, pieces: onePiece(data, t), dir: side}, why)
}

// Recorded is Feed for the octets that a capture holds.
func (s *Session) Recorded(o *wire.Octets) {
	d := s.dir(o.Side)
	switch {
	case o.End:
		s.EOF(o.Side, o.Time)
	case o.Dropped:
		s.drop(&line{data: o.Data, pieces: onePiece(o.Data, o.Time), dir: o.Side, known: o.Secrets}, o.Why)
	case o.Proxy:
		s.recordedProxy(o)
	case o.Cut && d.split.Block():
		s.loosen(d, o.Time, "")
		d.split.Skip(int64(len(o.Data)))
		if o.Side == event.SideClient {
			s.xmitPiece(o.Data, o.Time, true)
		} else {
			s.textPiece(o.Data, o.Time, true)
		}
	default:
		if o.Altered != nil {
			d.altered = o.Altered
		}
		d.known.Add(o.Secrets, d.split.Buffered())
		s.Feed(o.Side, o.Data, o.Time, nil)
	}
}

// recordedProxy takes lines that mailtap made for the client.
func (s *Session) recordedProxy(o *wire.Octets) {
	for part := range lines(o.Data) {
		s.fromServer(&line{data: part, pieces: onePiece(part, o.Time), dir: event.SideProxy, known: o.Secrets})
	}
}
