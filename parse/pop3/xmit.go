package pop3

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// xmit is a message that a client sends behind XTND XMIT, as Eudora did to
// Qpopper: no standard has it. It is byte-stuffed and ends as a response does;
// then the server says whether it took it.
type xmit struct {
	size   int64
	header header
	body   bool
	lost   bool // a recording left its text out
}

// beginXmit makes the client's next octets a message. Octets that came before
// the server's word are none.
func (s *Session) beginXmit() {
	if s.client.split.Buffered() > 0 {
		return
	}
	s.client.split.Open(false, false)
	s.xmit = &xmit{}
}

// blockText takes text of the block that a side is in.
func (s *Session) blockText(d *direction, f *Fragment) {
	if d.side == event.SideServer {
		s.text(f)
		return
	}
	off := 0
	for _, p := range f.Pieces {
		s.xmitPiece(f.Data[off:off+p.Len], p.Time, false)
		off += p.Len
	}
}

// inXmit takes a fragment of the client's message.
func (s *Session) inXmit(d *direction, f *Fragment) {
	if f.Kind != Close {
		d.known.Take(len(f.Data))
		s.blockText(d, f)
		return
	}
	l := d.line(f)
	s.endXmit(l, l.last(), "")
}

// xmitPiece takes what one Read brought of it. cut: only its length is right.
func (s *Session) xmitPiece(data []byte, t time.Time, cut bool) {
	x := s.xmit
	x.size += int64(len(data))
	x.lost = x.lost || cut
	n := 0
	if !x.body && !cut {
		n, x.body = x.header.add(data)
		s.xmitOctets(data[:n], t, wire.PartHeader, false)
	}
	part := wire.PartBody
	if !x.body {
		part = wire.PartHeader
	}
	s.xmitOctets(data[n:], t, part, cut)
}

func (s *Session) xmitOctets(data []byte, t time.Time, part wire.Part, cut bool) {
	if len(data) == 0 {
		return
	}
	s.piece = wire.Octets{Side: event.SideClient, Data: data, Time: t, Part: part, Cut: cut}
	s.o.Sink.Octets(&s.piece)
}

// endXmit makes the message's event, and waits for the server's word on it.
func (s *Session) endXmit(l *line, t time.Time, fault string) {
	x, st := s.xmit, s.client.split.st
	s.xmit = nil
	e := &event.Event{Time: t, Kind: event.KindClientData, Dir: event.SideClient, For: "XTND", Error: fault,
		Text: wire.Placeholder(x.size), Bytes: x.size, Data: x.header.message(0, x.size-st.stuffed)}
	if l != nil {
		e.Bytes += int64(len(l.data))
		wire.Put(s.o.Sink, wire.Octets{Side: event.SideClient, Data: l.data}, l.pieces)
		s.push(&pending{name: "XTND", seq: s.Next(), owed: t})
	}
	if e.Error == "" && !x.lost {
		e.Error = st.fault()
	}
	s.Emit(e)
}
