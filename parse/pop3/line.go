package pop3

import (
	"bytes"
	"iter"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// line is a line as it goes on record.
type line struct {
	data    []byte
	pieces  []wire.Piece
	dir     event.Side // client, server, or proxy: made for the client
	altered *wire.Altered
	known   []wire.Secret // by a record
	refused bool          // the server does not get it
	answer  []byte        // what the client gets instead of the server's response
	long    bool          // more of it follows
}

// line takes what a record told of a fragment along.
func (d *direction) line(f *Fragment) *line {
	l := &line{data: f.Data, pieces: f.Pieces, dir: d.side, altered: d.altered,
		known: d.known.Take(len(f.Data)), long: f.Kind == Head}
	if f.Kind != Text {
		d.altered = nil
	}
	return l
}

func onePiece(data []byte, t time.Time) []wire.Piece {
	return []wire.Piece{{Len: len(data), Time: t}}
}

func (l *line) first() time.Time { return l.pieces[0].Time }
func (l *line) last() time.Time  { return l.pieces[len(l.pieces)-1].Time }

func trimEnd(line []byte) []byte { return bytes.TrimRight(line, "\r\n") }

// isBare reports whether a line ends in LF without CR.
func isBare(line []byte) bool {
	return bytes.HasSuffix(line, []byte("\n")) && !bytes.HasSuffix(line, []byte("\r\n"))
}

// lines gives the lines of data with their ends.
func lines(data []byte) iter.Seq[[]byte] { return bytes.Lines(data) }

// record hands a line and its event on: octets first, masked.
func (s *Session) record(l *line, secrets []wire.Secret, e *event.Event) {
	data := l.data
	if s.o.ShowSecrets && len(l.known) == 0 {
		secrets = nil
	}
	if len(secrets) > 0 {
		s.scratch = wire.Mask(s.scratch[:0], l.data, secrets)
		data = s.scratch
	}
	o := wire.Octets{Side: l.dir, Data: data, Altered: l.altered, Secrets: secrets}
	if l.dir == event.SideProxy {
		o.Side, o.Proxy = event.SideServer, true
		e.To = event.SideClient
	}
	if e.Dropped {
		o.Dropped, o.Why = true, e.Note
	}
	if e.Leg != event.LegServer {
		wire.Put(s.o.Sink, o, l.pieces)
	}
	if e.Time.IsZero() {
		e.Time = l.last()
	}
	e.Dir = l.dir
	count(e, int64(len(l.data)))
	e.Text = wire.Escape(trimEnd(data)) + e.Text
	if l.altered != nil {
		e.Altered, e.Other, e.OtherBytes = true, l.altered.Other, l.altered.Bytes
	}
	if l.long {
		s.begin(l, secrets, e)
		return
	}
	s.Emit(e)
}

// count adds n octets to an event: those of the server's leg are none of the client's.
func count(e *event.Event, n int64) {
	if e.Leg == event.LegServer {
		e.OtherBytes += n
	} else {
		e.Bytes += n
	}
}

// loose makes octets of a line that is none.
func (s *Session) loose(l *line, why string) {
	secrets := s.hideLoose(l)
	if len(secrets) > 0 && l.dir == event.SideServer {
		why = "expected a status indicator" // and the rest is not told
	}
	e := &event.Event{Kind: event.KindOctets, Error: why}
	if s.dir(l.dir).astray {
		e.Error, e.Note = "", wire.Remains
	}
	s.record(l, secrets, e)
}

// drop records what is passed on to nobody. The server's is no part of the
// client's leg.
func (s *Session) drop(l *line, why string) {
	e := &event.Event{Kind: event.KindOctets, Dropped: true, Note: why}
	if l.dir == event.SideServer {
		e.Leg = event.LegServer
	}
	s.record(l, s.hideLoose(l), e)
}

// hideLoose finds the secrets of a client's octets that need not be lines.
func (s *Session) hideLoose(l *line) (secrets []wire.Secret) {
	if l.dir == event.SideServer {
		return s.quoted(l, 0)
	}
	if l.dir != event.SideClient || len(l.known) > 0 {
		return l.known
	}
	off := 0
	for part := range lines(l.data) {
		p := parseCommand(part)
		h := s.hideCommand(part, &p, nil)
		if s.exchange(trimEnd(part)) != nil {
			n := len(trimEnd(part))
			h.secrets = []wire.Secret{{Len: n, Form: "sasl"}}
		}
		for _, k := range h.secrets {
			k.Off += off
			if k.Len > 0 {
				secrets = append(secrets, k)
			}
		}
		off += len(part)
	}
	return secrets
}

// long is a line that is too long to keep, from its head to its end.
type long struct {
	e     *event.Event
	p     *pending // the command that it is, to get its seq
	mask  bool     // the secret goes on
	head  int64
	total int64
	o     wire.Octets
}

// begin keeps the event of a head until the line's end.
func (s *Session) begin(l *line, secrets []wire.Secret, e *event.Event) {
	d := s.dir(l.dir)
	d.long = &long{e: e, total: int64(len(l.data)), head: int64(len(l.data)), o: wire.Octets{Side: l.dir}}
	for _, k := range secrets {
		if k.Off+k.Len >= len(l.data) {
			d.long.mask = true
			d.long.o.Secrets = []wire.Secret{{Form: k.Form, Mech: k.Mech}}
		}
	}
	if n := len(s.queue); n > 0 && l.dir == event.SideClient && e.Kind == event.KindCommand {
		d.long.p = s.queue[n-1]
	}
}

// more goes on in a line that is too long.
func (s *Session) more(d *direction, f *Fragment) {
	known := d.known.Take(len(f.Data))
	if !d.skip {
		s.forward(f.Data)
	}
	g := d.long
	if g == nil {
		return
	}
	at := f.Pieces[len(f.Pieces)-1].Time
	o := g.o
	o.Data, o.Time, o.Secrets = f.Data, at, known
	if g.mask && !s.o.ShowSecrets && len(known) == 0 {
		k := g.o.Secrets[0]
		k.Len = len(trimEnd(f.Data))
		o.Secrets = []wire.Secret{k}
		s.scratch = wire.Mask(s.scratch[:0], f.Data, o.Secrets)
		o.Data = s.scratch
	}
	s.o.Sink.Octets(&o)
	g.total += int64(len(f.Data))
	if f.Ended {
		s.endLong(d, at, "")
	}
}

// endLong makes the event of a line that was too long.
func (s *Session) endLong(d *direction, t time.Time, fault string) {
	g := d.long
	d.long, d.skip = nil, false
	g.e.Time = t
	count(g.e, g.total-g.head)
	g.e.Text += wire.Placeholder(g.total - g.head)
	g.e.Error = overLimit(g.total)
	if fault != "" {
		g.e.Error = fault
	}
	if g.p != nil {
		g.p.seq, g.p.owed = s.Next(), t
	}
	s.Emit(g.e)
}
