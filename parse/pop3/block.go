package pop3

import (
	"bytes"
	"fmt"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// block is a multi-line response that is being read. Its text streams through;
// what is kept is counts, the header's head, or the entries of a listing.
type block struct {
	p      *pending
	dir    event.Side
	e      *event.Event
	byLine bool // the gate is asked about each line

	status int64 // octets of the status line
	size   int64 // octets of the text so far
	cr, lf int64 // in the text
	lost   bool  // a recording left something out: do not count by it
	fault  string
	last   time.Time // when its last octets came

	// The server's leg, where the gate changes lines.
	hides       bool // changed while it was read
	otherStatus string
	otherLine   int64
	otherBytes  int64 // of the block, its termination included

	message bool
	header  header
	body    bool // the header is over
	list    collector
}

// openBlock begins a multi-line response with its status line.
func (s *Session) openBlock(l *line, p *pending, e *event.Event, quoted []wire.Secret) {
	if len(quoted) > 0 && !s.o.ShowSecrets {
		l.data = wire.Mask(nil, l.data, quoted)
	}
	b := &block{p: p, dir: l.dir, e: e, status: int64(len(l.data)), last: l.last()}
	b.byLine = l.dir == event.SideServer && s.server.split.ByLine()
	b.message = p.name == "RETR" || p.name == "TOP"
	b.list.kind = p.name
	if !b.message {
		b.list.start()
	}
	if n, ok := announced(parseStatus(l.data).rest.of(l.data)); ok && p.name == "RETR" {
		b.header.announced = &n
	}
	b.otherStatus, b.otherLine = wire.Escape(trimEnd(l.data)), int64(len(l.data))
	if l.altered != nil {
		b.otherStatus, b.otherLine = l.altered.Other, l.altered.Bytes
		e.Altered, e.Other, e.OtherBytes = true, l.altered.Other, l.altered.Bytes
	}
	e.Text = wire.Escape(trimEnd(l.data))
	s.open = b
	o := wire.Octets{Side: event.SideServer, Data: l.data, Altered: l.altered}
	if !s.o.ShowSecrets || len(l.known) > 0 {
		o.Secrets = quoted
	}
	s.put(o, l)
}

// announced finds the size in "+OK 1234 octets": a number, then that word.
func announced(text []byte) (n int64, ok bool) {
	fields := bytes.Fields(text)
	for i := 0; i < len(fields) && i < 8; i++ {
		word := bytes.ToLower(bytes.Trim(fields[i], "().,"))
		if i > 0 && (bytes.HasPrefix(word, []byte("octet")) || bytes.HasPrefix(word, []byte("byte"))) {
			return number(bytes.Trim(fields[i-1], "().,"))
		}
	}
	return 0, false
}

// put hands the octets of a line in a block on: mailtap's own or the server's.
func (s *Session) put(o wire.Octets, l *line) {
	o.Proxy = l.dir == event.SideProxy
	wire.Put(s.o.Sink, o, l.pieces)
}

// text takes text of the block that is open.
func (s *Session) text(f *Fragment) {
	off := 0
	for _, p := range f.Pieces {
		s.textPiece(f.Data[off:off+p.Len], p.Time, false)
		off += p.Len
	}
}

// textPiece takes what one Read brought of a block's text. cut: only its
// length is right.
func (s *Session) textPiece(data []byte, t time.Time, cut bool) {
	b := s.open
	if b == nil || len(data) == 0 {
		return
	}
	b.size += int64(len(data))
	b.last = t
	if cut {
		b.lost = true
		s.blockOctets(data, t, b.part(), true)
		return
	}
	b.lf += int64(bytes.Count(data, []byte{'\n'}))
	b.cr += int64(bytes.Count(data, []byte{'\r'}))
	if !b.message {
		data = s.maskListing(data)
		b.list.add(data)
	} else if !b.body {
		n, done := b.header.add(data)
		s.blockOctets(data[:n], t, wire.PartHeader, false)
		b.body = done
		data = data[n:]
	}
	s.blockOctets(data, t, b.part(), false)
}

// part is what the block's text is from here on.
func (b *block) part() wire.Part {
	switch {
	case !b.message:
		return wire.PartNone
	case b.body:
		return wire.PartBody
	}
	return wire.PartHeader
}

// blockOctets hands text of the open block on.
func (s *Session) blockOctets(data []byte, t time.Time, part wire.Part, cut bool) {
	if len(data) == 0 {
		return
	}
	s.piece = wire.Octets{Side: event.SideServer, Data: data, Time: t, Proxy: s.open.dir == event.SideProxy, Part: part, Cut: cut}
	s.o.Sink.Octets(&s.piece)
}

// blockLine takes a line of a block that mailtap made, or put in the place of
// the server's.
func (s *Session) blockLine(l *line) {
	if isTermination(l.data) {
		s.closeBlock(l)
		return
	}
	off := 0
	for _, p := range l.pieces {
		s.textPiece(l.data[off:off+p.Len], p.Time, false)
		off += p.Len
	}
}

// closeBlock takes the termination octet of the block.
func (s *Session) closeBlock(l *line) {
	b := s.open
	if b.hides && l.altered == nil && b.otherBytes > 0 {
		text := max(b.otherBytes-int64(len(".\r\n")), 0)
		l.altered = &wire.Altered{Other: b.otherStatus + " " + wire.Placeholder(text), Bytes: b.otherLine + b.otherBytes}
	}
	if isBare(l.data) {
		b.fault = "expected CRLF behind the termination octet, got LF"
	}
	s.put(wire.Octets{Side: event.SideServer, Data: l.data, Altered: l.altered}, l)
	s.endBlock(l, l.last(), true)
}

// endBlock makes the event of the block that is open.
func (s *Session) endBlock(l *line, t time.Time, complete_ bool) {
	b := s.open
	s.open = nil
	e := b.e
	e.Time, e.Dir = t, b.dir
	if b.dir == event.SideProxy {
		e.To = event.SideClient
	}
	e.Text += " " + wire.Placeholder(b.size)
	e.Bytes = b.status + b.size + int64(len(l.data))
	if l.altered != nil {
		e.Altered, e.Other, e.OtherBytes = true, l.altered.Other, l.altered.Bytes
	}
	st := s.stuffing(b)
	e.Data = b.data(st)
	if e.Error == "" {
		e.Error = b.faults(st)
	}
	if complete_ {
		complete(e, b.p, t)
	} else {
		e.For, e.Cmd = b.p.name, b.p.seq
	}
	s.Emit(e)
	if complete_ {
		s.release()
	}
}

// stuffing is what the splitter saw of a block that it read.
func (s *Session) stuffing(b *block) stuffing {
	if b.dir != event.SideServer || b.byLine {
		return stuffing{}
	}
	return s.server.split.st
}

// faults is the first thing that is wrong with a block.
func (b *block) faults(st stuffing) string {
	switch {
	case b.fault != "":
		return b.fault
	case st.defects > 0:
		return st.fault()
	case b.lost:
		return ""
	case b.lf > b.cr:
		return fmt.Sprintf("expected CRLF at the end of each line, got %d LF without CR", b.lf-b.cr)
	case b.cr > b.lf:
		return fmt.Sprintf("expected CRLF, got %d CR without LF", b.cr-b.lf)
	}
	return b.list.fault
}

// fault tells a line that begins with one dot (RFC 1939 §3).
func (st stuffing) fault() string {
	if st.defects == 0 {
		return ""
	}
	return fmt.Sprintf("expected a byte-stuffed \".\" at offset %d of the block, got one \".\"%s", st.first, times(st.defects))
}

func times(n int64) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(", in %d lines", n)
}

// data is the block's parsed part.
func (b *block) data(st stuffing) any {
	if !b.message {
		return b.list.data()
	}
	return b.header.message(b.p.number, b.size-st.stuffed)
}
