package imap

import (
	"bytes"
	"strconv"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
	"mailtap/parse/wire"
)

// takeLine takes a line, or a piece of one, into the direction's message; it
// is whole where that is not open afterwards.
func (s *Session) takeLine(d *dir, f Fragment) {
	m := &d.msg
	if !m.open {
		s.begin(d, f.Data)
	} else if m.lit.open {
		s.endLiteral(d)
	}
	m.last = d.last()
	if f.Mark.Len > 0 && !m.takesLiterals(d.side) {
		d.split.Forget()
		f.Mark = Mark{}
	}
	secrets := s.secretsOf(d, f)
	masked := f.Data
	if len(secrets) > 0 {
		masked = s.masked(f.Data, secrets)
	}
	shown := masked
	if s.show {
		shown = f.Data
	}
	s.record(d, shown, secrets, wire.PartNone)
	s.frame(m, masked, f.More)
	m.addLine(shown, masked, secrets, f)
	m.piece = f.More
	if f.Mark.Len > 0 {
		s.expect(d, f, masked)
	}
}

// begin starts a message with what its first line is.
func (s *Session) begin(d *dir, line []byte) {
	m := &d.msg // clean: finish resets it
	if d.side == event.SideClient {
		m.what = s.classifyClient(line)
		s.spoken, s.owed = true, s.owed && m.row == nil
	} else {
		m.what = s.classifyServer(line)
		if d.given.noted(d.off, len(line), unplaced) {
			m.what = what{kind: event.KindOctets}
		}
		s.answeredAtCR(m, line)
	}
	m.first = d.first()
	m.tagBuf = append(m.tagBuf, line[:min(m.tag, maxTag)]...)
	m.dropped = d.rec.dropped || d.side == event.SideClient && d.rule.withheld()
	m.leg = d.side == event.SideServer && d.rule.withheld()
	m.altered = d.rec.altered
}

// answeredAtCR takes the client's line as whole where the server has answered
// it without waiting for its LF: Dovecot takes a CR for the end of a line.
func (s *Session) answeredAtCR(m *message, line []byte) {
	c := &s.client
	if m.status == "" || c.msg.open || c.split.Held() == 0 || s.tagged(line[:m.tag]) >= 0 {
		return
	}
	held := c.split.line
	tag, _ := nextWord(held)
	if held[len(held)-1] != '\r' || !bytes.Equal(tag, line[:m.tag]) {
		return
	}
	f := c.split.Rest()
	s.takeLine(c, f)
	c.msg.fault = "expected CRLF, got a bare CR"
	s.finish(c)
	c.done(len(f.Data))
}

// frame notes what is wrong with a line's framing. Lines end in CRLF and have
// no NUL in them (RFC 9051 §2.2, §9: CHAR8 is any octet but NUL).
// What a secret has in it is not told.
func (s *Session) frame(m *message, line []byte, more bool) {
	switch {
	case m.fault != "":
	case more:
		m.fault = "line of more than 65536 octets"
	case bytes.IndexByte(line, 0) >= 0:
		m.fault = "expected no NUL in a line, got one at offset " + strconv.FormatInt(m.bytes+int64(bytes.IndexByte(line, 0)), 10)
	case line[len(line)-1] == '\n' && !m.piece && (len(line) < 2 || line[len(line)-2] != '\r'):
		m.fault = "expected CRLF, got a bare LF"
	}
}

// takesLiterals reports whether a line that ends in "{5}" announces anything:
// a SASL response, a DONE, or what could not be understood does not.
func (m *message) takesLiterals(side event.Side) bool {
	if side == event.SideClient {
		return m.kind == event.KindCommand
	}
	return m.kind != event.KindOctets
}

// expect opens the literal that a line announced.
func (s *Session) expect(d *dir, f Fragment, masked []byte) {
	m := &d.msg
	m.announce(f, d.side == event.SideClient && !f.Mark.NonSync)
	m.lit.parts = m.partsOf(masked[:max(len(masked)-f.Mark.Len, 0)])
	m.lit.secret = d.side == event.SideClient && s.secretLiteral(m)
}

// secretLiteral reports whether the literal that comes holds a credential, or may.
func (s *Session) secretLiteral(m *message) bool {
	switch {
	case m.row == nil:
		return !s.journal.State.LoggedIn()
	case m.row.op == opLogin:
		return m.login.index > 0
	}
	return m.row.op == opAuthenticate && (m.nlit > 1 || s.auth.named)
}

// takeLiteral takes octets of the open literal.
func (s *Session) takeLiteral(d *dir, f Fragment) {
	m := &d.msg
	l := &m.lit
	l.awaits, l.began = false, true
	l.got += int64(len(f.Data))
	m.bytes += int64(len(f.Data))
	m.last = d.last()
	shown, masked := f.Data, f.Data
	var secrets []wire.Secret
	given := d.given.take(d.off, len(f.Data))
	switch {
	case d.side == event.SideServer && len(given) > 0:
		secrets = given
	case d.side == event.SideServer:
		secrets = s.echo.Find(f.Data, 0, nil)
	case l.secret || len(given) > 0:
		secrets = s.literalSecret(m, f, given)
	}
	if len(secrets) > 0 {
		masked = s.masked(f.Data, secrets)
		if !s.show {
			shown = masked
		}
	}
	s.recordParts(d, shown, secrets)
	if room := maxHead - l.kept; room > 0 && !d.rec.cut {
		l.kept += m.keep(masked[:min(room, len(masked))])
	}
}

// literalSecret says that all of a piece of a literal is secret; what may be
// said of it stands at its last piece.
func (s *Session) literalSecret(m *message, f Fragment, given []wire.Secret) []wire.Secret {
	x := wire.Secret{Len: len(f.Data), Form: "literal"}
	if m.row != nil {
		x.Mech = m.name
	}
	for _, g := range given {
		if g.Shape != "" {
			m.lit.shape = g.Shape // a capture that split the piece has it at the first part
		}
	}
	if len(given) == 0 {
		m.login.keep(f.Data)
	}
	if !f.More {
		password := m.login.index == 1
		shape := "a literal of " + strconv.FormatInt(m.lit.got, 10) + " bytes"
		if m.row != nil && m.row.op == opLogin {
			shape = s.literalEnd(m, m.lit.got)
		} else if int64(len(m.login.kept)) == m.lit.got {
			s.echo.Listen(m.login.kept)
		}
		m.login.forget()
		if len(given) > 0 {
			shape = m.lit.shape
		}
		if password {
			m.login.shape = shape
		}
		x.Shape = shape
		m.lit.ended = true
	}
	s.found = append(s.found[:0], x)
	return s.found
}

// endLiteral is the end of a literal: the next line has come.
func (s *Session) endLiteral(d *dir) {
	m := &d.msg
	m.lit.awaits = false
	m.lit.began = true
	if m.row != nil && m.row.op == opLogin && !m.lit.ended {
		s.literalEnd(m, m.lit.got)
	}
}

// masked is a copy of line with its secrets masked, valid until the next.
func (s *Session) masked(line []byte, secrets []wire.Secret) []byte {
	if cap(s.mask) > 64<<10 {
		s.mask = nil
	}
	s.mask = append(s.mask[:0], line...)
	for _, x := range secrets {
		for i := x.Off; i < min(x.Off+x.Len, len(s.mask)); i++ {
			s.mask[i] = '*'
		}
	}
	return s.mask
}

// record hands octets of the client's leg to the sink, in the pieces in which
// they came.
func (s *Session) record(d *dir, shown []byte, secrets []wire.Secret, part wire.Part) {
	if d.msg.leg {
		return
	}
	o := &s.piece
	*o = wire.Octets{Side: d.side, Proxy: d.from == event.SideProxy, Dropped: d.msg.dropped,
		Altered: d.rec.altered, Deflate: d.deflate, Part: part, Cut: d.rec.cut}
	off := 0
	for i, p := range d.pieces {
		n := p.n
		if i == len(d.pieces)-1 {
			n = len(shown) - off
		}
		o.Data, o.Time, o.Secrets = shown[off:off+n], p.t, secrets
		if len(secrets) > 0 && len(d.pieces) > 1 {
			o.Secrets = s.clip(secrets, off, n)
		}
		s.sink.Octets(o)
		o.Altered = nil
		off += n
	}
}

// clip gives the parts of secrets that lie in the n octets at off. What may be
// said of one stands at its first part.
func (s *Session) clip(secrets []wire.Secret, off, n int) []wire.Secret {
	s.clips = s.clips[:0]
	for _, x := range secrets {
		from, to := max(x.Off, off), min(x.Off+x.Len, off+n)
		if from >= to {
			continue
		}
		if from > x.Off {
			x = wire.Secret{Form: x.Form, Mech: x.Mech}
		}
		x.Off, x.Len = from-off, to-from
		s.clips = append(s.clips, x)
	}
	return s.clips
}

// recordParts is record for a literal: a message's header and its body apart.
func (s *Session) recordParts(d *dir, shown []byte, secrets []wire.Secret) {
	p := &d.msg.lit.parts
	for len(shown) > 0 {
		n, end := p.next(shown)
		d.pieces = append(d.pieces[:0], piece{n, d.last()})
		s.record(d, shown[:n], secrets, p.now)
		if end {
			p.now = wire.PartBody
		}
		shown = shown[n:]
	}
}

// finish ends a direction's message with its event.
func (s *Session) finish(d *dir) {
	m := &d.msg
	m.open = false
	m.placeLiteral()
	switch {
	case m.leg:
		s.legEvent(m)
	case d.side == event.SideClient:
		s.finishClient(m)
	default:
		s.finishServer(d, m)
	}
	m.reset()
}

// understand fills in what the grammar says of the message.
func (s *Session) understand(m *message, e *event.Event) {
	var data any
	var err *syntax.Error
	if m.kind == event.KindCommand {
		c := syntax.Command(m.whole(s.utf8))
		data, err = c.Data, c.Err
	} else {
		r := syntax.Response(m.whole(s.utf8))
		data, err = r.Data, r.Err
	}
	e.Data = data
	if err == nil {
		return
	}
	if err.Unread {
		e.Odd |= event.OddUnread
	}
	if m.refused && err.Offset >= len(m.data) {
		return // the rest is missing because the server did not want it
	}
	if e.Error == "" {
		e.Error = err.Error()
	}
}
