// Package share makes of recorded sessions ones that may be shown in public:
// user names, host names, addresses, mailbox names, subjects and the text of
// messages are replaced by stand-ins, and what is the protocol's stays, so that
// what went wrong can still be seen.
//
// A stand-in has the length of what it stands for, octet by octet of the same
// kind: a letter for a letter, a digit for a digit. Each word has one, the same
// all over the record. They are numbered and not computed, so that nobody finds
// a word by computing it again.
//
//	source -> octets: protocol lines word by word, message text filled -> parse -> events, made anew
//
// What is kept: names of the protocol, numbers, times, dates, sizes and flags;
// INBOX; the domains of large mail services, which some findings rest on; the
// words in which servers answer, but for names. Credentials were masked before.
package share

import (
	"bytes"
	"slices"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// Source hands out the record of sessions: captures.Reader does.
type Source interface {
	Walk(fn func(wire.Item) error) error
}

// Shared is a Source whose sessions may be shown in public.
type Shared struct{ source Source }

// New is source with stand-ins. What source masks stays masked.
func New(source Source) *Shared { return &Shared{source} }

// Walk hands fn the record with its stand-ins, in the order of the source.
func (s *Shared) Walk(fn func(wire.Item) error) error {
	w := &walk{fn: fn, names: newNames(), sessions: map[string]*session{}}
	err := s.source.Walk(w.item)
	for _, s := range w.sessions {
		s.parse.Close()
	}
	return err
}

// walk is one reading of a source.
type walk struct {
	fn       func(wire.Item) error
	err      error // of fn
	names    *names
	sessions map[string]*session
}

// session is one session that is parsed anew.
type session struct {
	id    string
	w     *walk
	parse wire.Session
	sides [2]side
	tags  tags // IMAP
}

// side is one direction: what waits for the end of its line, and its scrubber.
type side struct {
	pieces []wire.Octets
	size   int
	lines  lines
	text   filler
	part   bool // message text goes by
}

// lines replaces what is private in protocol lines, in place.
type lines interface {
	// line takes a whole line, or what of it fits, with its end.
	line(line []byte)
	// literal takes octets of a literal that is no message text.
	literal(data []byte)
	// open is how many octets of a literal are still to come.
	open() int64
	// passed says that the announced literal was message text, and is over.
	passed()
	// refused says that the server answered the command with that tag: a literal
	// of it that has not come yet does not come, nor more of the command.
	refused(tag []byte)
}

func (w *walk) item(item wire.Item) error {
	s := w.sessions[item.Session]
	if s == nil {
		if item.Session == "" || item.Event == nil && item.Octets == nil {
			return nil
		}
		if s = w.begin(item); s == nil {
			return nil
		}
	}
	if item.Octets != nil {
		s.octets(item.Octets)
		return w.err
	}
	s.event(item.Event)
	if item.Event.Kind == event.KindSessionClose {
		s.parse.Close()
		delete(w.sessions, item.Session)
	}
	return w.err
}

// begin starts the session that item belongs to.
func (w *walk) begin(item wire.Item) *session {
	if item.Event == nil || item.Event.Context == nil || item.Event.Proto == event.ProtoNone {
		return nil
	}
	if item.Event.Kind != event.KindSessionOpen { // what is told behind a session's close
		e := w.words(item.Event)
		w.give(wire.Item{Session: item.Session, Event: e})
		return nil
	}
	s := &session{id: item.Session, w: w}
	s.parse = parse.New(item.Event.Proto, wire.Options{ID: item.Session, ShowSecrets: true, Sink: s})
	s.tags = tags{}
	for d := range s.sides {
		if item.Event.Proto == event.POP3 {
			s.sides[d].lines = &popLines{names: w.names, client: d == 0}
		} else {
			s.sides[d].lines = &imapLines{names: w.names, tags: s.tags, client: d == 0}
		}
	}
	w.sessions[item.Session] = s
	return s
}

func (w *walk) give(item wire.Item) {
	if w.err == nil {
		w.err = w.fn(item)
	}
}

// Octets and Event make the session a sink of its own parser.
func (s *session) Octets(o *wire.Octets) { s.w.give(wire.Item{Session: s.id, Octets: o}) }

func (s *session) Event(e *event.Event) { s.w.give(wire.Item{Session: s.id, Event: e}) }

// maxLine is how much of a line without end is held.
const maxLine = 256 << 10

// octets takes a piece. Lines wait until they are whole: which word is what
// only the whole line tells.
func (s *session) octets(o *wire.Octets) {
	d := 0
	if o.Side == event.SideServer {
		d = 1
	}
	side := &s.sides[d]
	s.flush(&s.sides[1-d]) // a line comes as one: this one has no end
	with := *o
	with.Data, with.Secrets = bytes.Clone(o.Data), slices.Clone(o.Secrets)
	s.said(&with)
	switch {
	case o.End:
		s.flush(side)
		s.parse.Recorded(&with)
		return
	case o.Raw:
		s.flush(side)
		for i := range with.Data {
			with.Data[i] = 'x'
		}
		s.parse.Recorded(&with)
		return
	case o.Part != wire.PartNone:
		s.flush(side)
		if !side.part {
			side.part, side.text = true, filler{}
		}
		side.text.fill(with.Data, o.Part == wire.PartHeader)
		s.parse.Recorded(&with)
		return
	}
	if side.part {
		side.part = false
		side.lines.passed()
	}
	if d == 1 {
		s.sides[0].lines.refused(refusal(with.Data))
	}
	side.pieces = append(side.pieces, with)
	side.size += len(with.Data)
	last := with.Data
	if len(last) > 0 && last[len(last)-1] == '\n' || side.lines.open() > 0 || side.size > maxLine {
		s.flush(side)
	}
}

// refusal is the tag of a command that a server's line refuses, or nil.
func refusal(line []byte) []byte {
	fields := bytes.Fields(line[:min(len(line), 600)])
	if len(fields) > 1 && (bytes.EqualFold(fields[1], []byte("NO")) || bytes.EqualFold(fields[1], []byte("BAD"))) {
		return fields[0]
	}
	return nil
}

// said replaces names in what is said of a piece.
func (s *session) said(o *wire.Octets) {
	n := s.w.names
	for i := range o.Secrets {
		x := &o.Secrets[i]
		x.User, x.Authz = n.nameText(x.User), n.nameText(x.Authz)
		x.Error, x.Note = n.humanText(x.Error), n.humanText(x.Note)
	}
	if o.Altered != nil {
		o.Altered = &wire.Altered{Other: s.lineText(1, o.Altered.Other), Bytes: o.Altered.Bytes}
	}
	o.Why = n.humanText(o.Why)
}

// flush replaces what is private in the line that waits, and hands it on in
// the pieces in which it came.
func (s *session) flush(side *side) {
	if len(side.pieces) == 0 {
		return
	}
	line := side.pieces[0].Data
	if len(side.pieces) > 1 {
		line = nil
		for _, p := range side.pieces {
			line = append(line, p.Data...)
		}
	}
	rewrite(side.lines, line)
	off := 0
	for i := range side.pieces {
		p := &side.pieces[i]
		copy(p.Data, line[off:off+len(p.Data)])
		off += len(p.Data)
		s.parse.Recorded(p)
	}
	side.pieces, side.size = side.pieces[:0], 0
}

// rewrite gives l what stands in data: literals, and lines.
func rewrite(l lines, data []byte) {
	for len(data) > 0 {
		if n := l.open(); n > 0 {
			n = min(n, int64(len(data)))
			l.literal(data[:n])
			data = data[n:]
			continue
		}
		n := bytes.IndexByte(data, '\n') + 1
		if n == 0 {
			n = len(data)
		}
		l.line(data[:n])
		data = data[n:]
	}
}

// lineText is a line of direction d as event text, with stand-ins.
func (s *session) lineText(d int, text string) string {
	if text == "" {
		return ""
	}
	line := []byte(text)
	var l lines = &imapLines{names: s.w.names, tags: s.tags, client: d == 0}
	if _, ok := s.sides[d].lines.(*popLines); ok {
		l = &popLines{names: s.w.names, client: d == 0}
	}
	l.line(line)
	return string(line)
}

// event hands on what no octets make. What they make comes from the parser.
func (s *session) event(e *event.Event) {
	switch {
	case e.Kind == event.KindGap:
		s.flush(&s.sides[0])
		s.flush(&s.sides[1])
		s.parse.Gap(e.Dir, e.Bytes, e.Time)
		return
	case e.Kind.Protocol() && e.Leg != event.LegServer:
		return
	case e.Finding != nil && !e.Finding.Recorded:
		return // it is found anew
	}
	if e.Kind == event.KindTLS || e.Kind == event.KindSessionClose {
		s.flush(&s.sides[0])
		s.flush(&s.sides[1])
	}
	with := s.w.words(e)
	if e.Leg == event.LegServer {
		d := 1
		if e.Dir != event.SideServer {
			d = 0
		}
		with.Text = s.lineText(d, e.Text)
	}
	s.parse.Emit(with)
	if e.TLS != nil && e.TLS.Failure == "" && e.TLS.Side != event.SideNone {
		s.parse.Upgraded(e.TLS.Side, e.Time)
	}
}

// words is a copy of an event that no octets make, with stand-ins.
func (w *walk) words(e *event.Event) *event.Event {
	n := w.names
	c := *e
	c.Data, c.Seq, c.Context = nil, 0, nil
	if e.Context != nil {
		with := *e.Context
		with.User, with.Mailbox, with.ClientID = n.nameText(e.User), n.nameText(e.Mailbox), n.humanText(e.ClientID)
		c.Context = &with
	}
	c.Text, c.Note, c.Message, c.Error = n.humanText(e.Text), n.humanText(e.Note), n.humanText(e.Message), n.humanText(e.Error)
	c.Other = n.humanText(e.Other)
	if r := e.Route; r != nil {
		c.Route = &event.Route{Listen: n.url(r.Listen), Upstream: n.url(r.Upstream), Client: n.address(r.Client), Server: n.address(r.Server),
			Dial: r.Dial, Failure: n.humanText(r.Failure)}
	}
	if t := e.TLS; t != nil {
		with := *t
		with.SNI, with.Failure, with.Advice = n.nameText(t.SNI), n.humanText(t.Failure), n.humanText(t.Advice)
		with.Peer = nil
		for _, p := range t.Peer {
			p.Subject, p.Issuer, p.Reason = n.subject(p.Subject), n.subject(p.Issuer), n.humanText(p.Reason)
			p.Names = slices.Clone(p.Names)
			for i := range p.Names {
				p.Names[i] = n.host(p.Names[i])
			}
			with.Peer = append(with.Peer, p)
		}
		c.TLS = &with
	}
	if f := e.Finding; f != nil {
		with := *f
		with.Title, with.Advice = n.humanText(f.Title), n.humanText(f.Advice)
		if entry, ok := finding.Lookup(f.ID); ok && f.ID == "mailtap.encrypted" {
			with.Advice = entry.Advice // and not the names of the user's files
		}
		c.Finding = &with
	}
	if x := e.Close; x != nil {
		with := *x
		with.Reason, with.Summary = n.humanText(x.Reason), ""
		c.Close = &with
	}
	return &c
}
