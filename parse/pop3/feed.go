package pop3

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Feed takes a chunk that side sent at t. See wire.Session.
func (s *Session) Feed(side event.Side, data []byte, t time.Time, gate wire.Gate) wire.Result {
	d := s.dir(side)
	s.out, s.back, s.gate, s.feeding, s.now = s.out[:0], s.back[:0], gate, side, t
	s.passing = gate == nil && d.sent == d.split.Buffered() && !d.skip && s.legOpen == nil
	r := s.feed(d, data, t)
	r.Forward, r.Back = s.out, s.back
	if s.passing {
		r.Forward = data
	}
	s.feeding, s.gate = event.SideNone, nil
	return r
}

// feed takes a chunk apart.
func (s *Session) feed(d *direction, data []byte, t time.Time) (r wire.Result) {
	if len(data) == 0 && s.gate == nil { // what a gate waited for the end of
		s.forwardKept(d)
	}
	for pos := 0; pos < len(data); {
		var n int
		f := &s.fragmentNow
		*f, n = d.split.Next(data[pos:], t)
		if f.Kind == None {
			if s.gate == nil || d.split.Block() && !d.split.ByLine() {
				s.forwardKept(d)
			}
			return r
		}
		if s.passing && s.answersWait(d.side) {
			s.out, s.passing = append(s.out, data[:pos]...), false
		}
		pos += n
		v := s.fragment(d, f)
		d.sent = 0
		if v.Action == wire.Hold {
			r.Held = f.Data
		}
		if v.Action == wire.Hold || v.Stop {
			r.Stopped, r.Rest = true, data[pos:]
			return r
		}
	}
	return r
}

// answersWait reports whether an answer of mailtap's waits for its turn among
// the server's: then the chunk cannot go on as it is.
func (s *Session) answersWait(side event.Side) bool {
	return side == event.SideServer && s.refused > 0
}

// forward sends octets to the other side.
func (s *Session) forward(data []byte) {
	if !s.passing {
		s.out = append(s.out, data...)
	}
}

// forwardKept sends what has come of a line whose end has not.
func (s *Session) forwardKept(d *direction) {
	s.forward(d.split.Kept()[d.sent:])
	d.sent = d.split.Buffered()
}

// fragment takes one fragment of a chunk.
func (s *Session) fragment(d *direction, f *Fragment) wire.Verdict {
	switch f.Kind {
	case Text, Slice, Close:
		return s.inBlock(d, f)
	case More:
		s.more(d, f)
		return wire.Verdict{}
	}
	v := s.ask(d, f)
	if v.Action == wire.Hold {
		d.split.Abandon()
		return v
	}
	s.act(d, f, v)
	return v
}

// ask has the gate decide on a line, unless a part of it went on already,
// before there was a gate.
func (s *Session) ask(d *direction, f *Fragment) wire.Verdict {
	if s.gate == nil || d.sent > 0 {
		return wire.Verdict{}
	}
	u := s.unit(d, f)
	return s.gate.Decide(&u)
}

// unit is what the gate is asked about. Nothing changes by asking.
func (s *Session) unit(d *direction, f *Fragment) wire.Unit {
	u := wire.Unit{Side: d.side, Data: f.Data, State: s.State}
	if d.side == event.SideClient {
		if p := s.exchange(trimEnd(f.Data)); p != nil {
			u.Kind, u.For = event.KindClientData, p.name
			return u
		}
		u.Kind, u.Name = event.KindCommand, parseCommand(f.Data).name
		return u
	}
	st := parseStatus(f.Data)
	p := s.serverHead()
	switch {
	case f.Kind == Slice || f.Kind == Close:
		u.Kind, u.Status, u.For, u.Block = event.KindResponse, "+OK", s.open.p.name, true
	case s.greeted && p != nil && p.x != nil && isChallenge(f.Data):
		u.Kind, u.For = event.KindContinuation, p.name
	case st.word == "":
		u.Kind = event.KindOctets
	case !s.greeted:
		u.Kind, u.Status = event.KindGreeting, st.word
	default:
		u.Kind, u.Status = event.KindResponse, st.word
		if p != nil {
			u.For = p.name
		}
	}
	return u
}

// act does what a verdict says of a line.
func (s *Session) act(d *direction, f *Fragment, v wire.Verdict) {
	l := d.line(f)
	d.skip = f.Kind == Head && v.Action != wire.Relay
	switch {
	case v.Action == wire.Replace:
		s.replace(d, l, v.Data)
		return
	case v.Action == wire.Refuse && d.side == event.SideClient:
		l.refused, l.answer, l.altered = true, append([]byte(nil), v.Answer...), &wire.Altered{}
	case v.Action == wire.Refuse, v.Action == wire.Leg && d.side == event.SideServer:
		s.back = append(s.back, v.Answer...)
		s.frame(l.data)
		s.serverLine(l)
		return
	case v.Action == wire.Drop, v.Action == wire.Leg:
		s.drop(l, "")
		return
	default:
		s.forward(f.Data[d.sent:])
	}
	s.take(l)
}

// take accepts a line that both sides know of.
func (s *Session) take(l *line) {
	if l.dir == event.SideClient {
		s.fromClient(l)
		return
	}
	s.frame(l.data)
	s.fromServer(l)
}

// frame opens the server's splitter for the block that a line of its opens.
func (s *Session) frame(data []byte) {
	p := s.serverHead()
	if !s.opens(p, data) {
		return
	}
	byLine := s.gate != nil && (p.name == "CAPA" || p.name == "AUTH")
	s.server.split.Open(byLine, isBare(data))
}

// opens reports whether a status line opens a block: only a positive response
// to a multi-line command does (RFC 1939 §3, RFC 2449 §3).
func (s *Session) opens(p *pending, data []byte) bool {
	return p != nil && (s.greeted || p.own) && p.block() && parseStatus(data).ok()
}

// replace gives the other side something else than what came.
func (s *Session) replace(d *direction, l *line, data []byte) {
	s.forward(data)
	if d.side == event.SideClient {
		l.altered = &wire.Altered{Other: s.otherCommand(data), Bytes: int64(len(data))}
		s.take(l)
		return
	}
	altered := &wire.Altered{Other: wire.Escape(trimEnd(l.data)), Bytes: int64(len(l.data))}
	s.frame(l.data)
	at := l.last()
	for part := range lines(data) {
		s.fromServer(&line{data: part, pieces: onePiece(part, at), dir: d.side, altered: altered})
		altered = nil
	}
	if s.open != nil && s.server.split.Block() {
		s.open.hides = true
	}
}

// otherCommand is what the server gets in place of a command, as event text.
func (s *Session) otherCommand(data []byte) string {
	p := parseCommand(data)
	if !s.o.ShowSecrets {
		data = wire.Mask(nil, data, s.hideCommand(data, &p, nil).secrets)
	}
	return wire.Escape(trimEnd(data))
}

// inBlock takes a fragment of a multi-line response.
func (s *Session) inBlock(d *direction, f *Fragment) (v wire.Verdict) {
	switch {
	case d.side == event.SideClient:
		s.forward(f.Data[d.sent:])
		s.inXmit(d, f)
		return v
	case s.legOpen != nil:
		s.legText(f)
		return v
	case s.open == nil: // the gate gave the client something else than a block
		return v
	case f.Kind == Text:
		d.known.Take(len(f.Data))
		s.open.otherBytes += int64(len(f.Data))
		s.forward(f.Data[d.sent:])
		s.text(f)
		return v
	}
	if f.Kind == Slice || f.Kind == Close && s.open.byLine {
		v = s.ask(d, f)
	}
	if v.Action == wire.Hold {
		d.split.Reopen()
		return v
	}
	l := d.line(f)
	s.open.otherBytes += int64(len(f.Data))
	switch v.Action {
	case wire.Replace:
		s.forward(v.Data)
		s.replaceInBlock(v.Data, l.last())
		return v
	case wire.Drop, wire.Leg:
		s.open.hides = true
		if f.Kind == Close {
			s.endBlock(&line{dir: s.open.dir}, l.last(), true)
		}
		return v
	}
	s.forward(f.Data[d.sent:])
	if f.Kind == Close {
		s.closeBlock(l)
	} else {
		s.text(f)
	}
	return v
}

// replaceInBlock puts lines in the place of one.
func (s *Session) replaceInBlock(data []byte, t time.Time) {
	s.open.hides = true
	for part := range lines(data) {
		if s.open == nil {
			return
		}
		s.fromServer(&line{data: part, pieces: onePiece(part, t), dir: s.open.dir})
	}
}
