package tcp

import (
	"bytes"
	"container/list"
	"encoding/base32"
	"hash/fnv"
	"net/netip"
	"time"

	"mailtap/parse/event"
)

// Stream is one TCP connection of a capture.
type Stream struct {
	ID             string // ten base32 characters, the same whenever the capture is read
	Proto          event.Proto
	Client, Server netip.AddrPort
	Start          time.Time
	Whole          bool     // the capture has its beginning
	Upgraded       bool     // it began in the clear and went on inside TLS
	Hidden         [2]int64 // octets inside TLS, from the client and from the server
	Data           any      // the sink's own

	a      *Assembler
	key    flow
	place  *list.Element
	halves [2]half // from key.a, from key.b
	late   []early // what the late ones are waited for by, in its order
	client int     // the half that the client sends; -1 while that is not known
	state  state
	first  int // the half that ended first, -1
	over   bool
	last   time.Time

	waits []piece   // what came before the stream was recognised
	heads [2][]byte // how each half begins, likewise

	asked bool   // the client asked for an upgrade
	tail  []byte // the end of what the client sent last, as far as asking goes
	hello *hello
}

// state is what is known of a stream.
type state uint8

const (
	unknown state = iota
	mail          // IMAP or POP3 in the clear
	secret        // inside TLS, of a mail server
	foreign       // something else: passed over
)

// piece is what comes out of a half before anybody may have it.
type piece struct {
	half int
	data []byte
	gap  int64
	end  bool
	time time.Time
}

func newStream(a *Assembler, key flow, seg *segment, t time.Time) *Stream {
	s := &Stream{a: a, key: key, Start: t, client: -1, first: -1, last: t}
	if seg.begins() {
		s.Whole = true
		s.client = s.half(seg)
		if seg.flags&flagACK != 0 {
			s.client = 1 - s.client
		}
	}
	h := fnv.New64a()
	text, _ := t.MarshalBinary()
	h.Write(text)
	h.Write([]byte(key.a.String() + key.b.String()))
	sum := h.Sum(nil)
	id := big.AppendUint32(nil, uint32(t.Unix()))
	s.ID = base32.StdEncoding.EncodeToString(append(id, sum[:4]...))[:10]
	return s
}

// half is the direction of seg: 0 from the lower end.
func (s *Stream) half(seg *segment) int {
	if seg.src == s.key.a {
		return 0
	}
	return 1
}

// reused reports whether a SYN opens another connection between the same ends.
func (s *Stream) reused(seg *segment) bool {
	h := &s.halves[s.half(seg)]
	return h.known && h.next != seg.seq+1 && (s.over || seg.flags&flagACK == 0 && before(h.next, seg.seq) ||
		seg.flags&flagACK == 0 && h.next-seg.seq > 1<<16)
}

// side is whose half it is.
func (s *Stream) side(half int) event.Side {
	if half == s.client {
		return event.SideClient
	}
	return event.SideServer
}

// index is the half of h.
func (s *Stream) index(h *half) int {
	if h == &s.halves[0] {
		return 0
	}
	return 1
}

// early is a segment whose sender already had what the capture does not have yet.
type early struct {
	segment
	time time.Time
}

// How long such a segment waits: capture files of several queues are not in
// order, so what it acknowledges may stand behind it.
const (
	latePackets = 8
	lateTime    = 50 * time.Millisecond
)

// segment takes a segment of the stream. What it answers comes before it,
// also where that is later in the file, or is missing.
func (s *Stream) segment(seg *segment, t time.Time) {
	if s.state == foreign {
		return
	}
	s.last = t
	if s.early(seg) {
		s.late = append(s.late, early{*seg, t})
		last := &s.late[len(s.late)-1]
		last.data = bytes.Clone(seg.data)
		s.a.kept += len(last.data)
	} else {
		s.take(seg, t)
	}
	for len(s.late) > 0 {
		if first := &s.late[0]; s.early(&first.segment) && len(s.late) <= latePackets && t.Sub(first.time) <= lateTime {
			break
		}
		s.next()
	}
	if s.kept() > maxHole*2 || s.a.kept > maxKept {
		s.settle()
	}
}

// early reports whether seg acknowledges what is not here. A RST's number
// means little (RFC 9293 §3.10.7).
func (s *Stream) early(seg *segment) bool {
	return seg.flags&flagACK != 0 && seg.flags&flagRST == 0 && s.halves[1-s.half(seg)].lacks(seg.ack)
}

// next takes the first segment that waited.
func (s *Stream) next() {
	e := s.late[0]
	s.late = s.late[1:]
	s.a.kept -= len(e.data)
	s.take(&e.segment, e.time)
}

// take takes a segment whose turn it is.
func (s *Stream) take(seg *segment, t time.Time) {
	i := s.half(seg)
	if seg.flags&flagACK != 0 && seg.flags&flagRST == 0 {
		if peer := &s.halves[1-i]; seg.begins() && !peer.known { // its SYN was not captured
			peer.next, peer.known = seg.ack, true
		}
		s.halves[1-i].acknowledge(seg.ack, t, s)
	}
	s.halves[i].take(seg, t, s)
	if seg.flags&flagRST != 0 && !s.over {
		s.flush(t)
		s.close(i, true, t)
	}
}

// kept is how many octets wait to be recognised.
func (s *Stream) kept() (n int) {
	for i := range s.waits {
		n += len(s.waits[i].data) + 64
	}
	return n
}

// flush lets out what waits behind holes.
func (s *Stream) flush(t time.Time) {
	for len(s.late) > 0 {
		s.next()
	}
	for i := range s.halves {
		s.halves[i].flush(t, s)
	}
}

// octets takes what is in order of one half.
func (s *Stream) octets(h *half, data []byte, t time.Time) {
	i := s.index(h)
	switch s.state {
	case mail:
		s.clear(i, data, t)
	case secret:
		s.hidden(i, data, t)
	case unknown:
		s.wait(piece{half: i, data: append([]byte(nil), data...), time: t})
		s.head(i, data)
		s.recognise(false)
	}
}

func (s *Stream) gap(h *half, n int64, t time.Time) {
	i := s.index(h)
	switch s.state {
	case mail:
		s.a.sink.Gap(s, s.side(i), n, t)
	case secret:
		s.Hidden[sideIndex(s.side(i))] += n
		s.hello.lost(s.side(i))
	case unknown:
		s.wait(piece{half: i, gap: n, time: t})
	}
}

func (s *Stream) end(h *half, t time.Time) {
	i := s.index(h)
	if s.first < 0 {
		s.first = i
	}
	switch s.state {
	case mail:
		s.a.sink.End(s, s.side(i), t)
	case secret:
		s.tell(t)
	case unknown:
		s.wait(piece{half: i, end: true, time: t})
	}
	if s.halves[0].fin && s.halves[1].fin && !s.over {
		s.recognise(true)
		s.close(s.first, false, t)
	}
}

// close ends the connection, by the sender of one half.
func (s *Stream) close(i int, reset bool, t time.Time) {
	s.over = true
	s.recognise(true)
	switch s.state {
	case secret:
		s.tell(t)
		fallthrough
	case mail:
		s.a.sink.Close(s, s.side(i), reset, t)
	}
	s.a.ended(s)
}

func sideIndex(side event.Side) int {
	if side == event.SideServer {
		return 1
	}
	return 0
}

// wait keeps p until the stream is recognised.
func (s *Stream) wait(p piece) {
	s.waits = append(s.waits, p)
	s.a.kept += len(p.data) + 64
}

// release hands out what waited, in its order.
func (s *Stream) release() {
	waits := s.waits
	s.forget()
	for _, p := range waits {
		h := &s.halves[p.half]
		switch {
		case p.gap > 0:
			s.gap(h, p.gap, p.time)
		case p.end:
			if s.state == mail {
				s.a.sink.End(s, s.side(p.half), p.time)
			}
		default:
			s.octets(h, p.data, p.time)
		}
	}
}

// forget frees what waited.
func (s *Stream) forget() {
	s.a.kept -= s.kept()
	s.waits, s.heads = nil, [2][]byte{}
}

// settle decides what is not decided yet: nothing may wait any longer.
func (s *Stream) settle() {
	s.recognise(true)
	if s.state == unknown {
		s.pass()
	}
}

// pass gives a stream up that is something else.
func (s *Stream) pass() {
	s.state = foreign
	s.a.passed.Connections++
	s.forget()
	for i := range s.late {
		s.a.kept -= len(s.late[i].data)
	}
	s.late = nil
}
