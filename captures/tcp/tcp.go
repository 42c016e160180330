// Package tcp puts the TCP streams of other tools' captures together: what
// tcpdump, Wireshark or PolarProxy recorded of cleartext IMAP and POP3, on any
// port.
//
//	packet -> link (to IP) -> segment -> half (order, repeats, gaps)
//	       -> Stream (which protocol? who is the server?) -> Sink
//
// gopacket's reassembly was looked at first. It holds octets back behind a
// missing segment until a limit or a timer is reached, so that the server's
// answer comes before the command it answers; here the peer's acknowledgment
// tells that a segment did arrive and is only missing in the capture.
//
// IP fragments are put together. Not read is what TLS hides: of it the
// handshake tells names and versions. Package captures calls this.
package tcp

import (
	"container/list"
	"net/netip"
	"time"

	"mailtap/parse/event"
)

// Sink takes what the streams of a capture are. Every stream that turns out
// to be IMAP or POP3 is opened once; of others nothing is said.
type Sink interface {
	Open(s *Stream)
	Octets(s *Stream, side event.Side, data []byte, t time.Time) // data is valid until it returns
	Gap(s *Stream, side event.Side, n int64, t time.Time)        // n octets are missing
	TLS(s *Stream, h *Handshake, t time.Time)                    // what follows cannot be read
	End(s *Stream, side event.Side, t time.Time)                 // side sends no more
	Close(s *Stream, by event.Side, reset bool, t time.Time)     // the connection ended
}

// Assembler reads the packets of one capture, in the order of the file.
type Assembler struct {
	sink    Sink
	streams map[flow]*Stream
	recent  *list.List // of *Stream, the one that was quiet longest first
	kept    int        // octets that wait, in all streams
	over    []*Stream  // that have ended, the last ones: what is late of them is nothing new
	cut     fragments  // datagrams in pieces
	passed  Passed
}

// Passed is what a capture has beside mail: the connections that nothing is
// said of.
type Passed struct {
	Connections int      // TLS included
	TLS         int      // that may hide mail: neither port nor ALPN tells
	Servers     []string // of some of those: the name that the client asked for, or the address, with the port
	Unread      int      // packets on a link that is not read
	Link        uint16   // its type, of the last one
}

// maxServers is how many are named.
const maxServers = 3

// Passed tells of the connections that were passed over so far.
func (a *Assembler) Passed() Passed { return a.passed }

// The bounds on memory.
const (
	maxStreams = 16 << 10
	maxOver    = 1 << 10
	maxKept    = 64 << 20 // octets that wait in all streams
	maxHole    = 1 << 20  // octets that wait behind one hole
	maxUnknown = 16 << 10 // octets of a stream that is not recognised yet
)

// flow is a connection's ends, the lower one first.
type flow struct{ a, b netip.AddrPort }

// New starts the reading of one capture.
func New(sink Sink) *Assembler {
	return &Assembler{sink: sink, streams: map[flow]*Stream{}, recent: list.New()}
}

// Packet takes the next packet: data of length octets on a link of that type
// (the numbers of www.tcpdump.org/linktypes.html). It gives the packet's
// stream, or nil.
func (a *Assembler) Packet(link uint16, t time.Time, data []byte, length int) *Stream {
	if !reads(link) {
		a.passed.Unread++
		a.passed.Link = link
		return nil
	}
	seg, ok := parse(a.cut.whole(network(link, data), length-len(data)))
	if !ok {
		return nil
	}
	s := a.stream(&seg, t)
	if s == nil {
		return nil
	}
	a.recent.MoveToBack(s.place)
	s.segment(&seg, t)
	if s.over && s.halves[0].fin && s.halves[1].fin {
		s.settle()
	}
	return s
}

// stream is the one that seg belongs to; a SYN or octets begin one.
func (a *Assembler) stream(seg *segment, t time.Time) *Stream {
	key := flow{seg.src, seg.dst}
	if key.b.Compare(key.a) < 0 {
		key = flow{seg.dst, seg.src}
	}
	s := a.streams[key]
	if s != nil && seg.begins() && s.reused(seg) {
		a.drop(s, t)
		s = nil
	}
	if s != nil {
		return s
	}
	if !seg.begins() && len(seg.data) == 0 || seg.flags&flagRST != 0 {
		return nil
	}
	if len(a.streams) >= maxStreams {
		a.drop(a.recent.Front().Value.(*Stream), t)
	}
	s = newStream(a, key, seg, t)
	s.place = a.recent.PushBack(s)
	a.streams[key] = s
	return s
}

// ended remembers a stream that is over for a while.
func (a *Assembler) ended(s *Stream) {
	a.over = append(a.over, s)
	if len(a.over) <= maxOver {
		return
	}
	old := a.over[0]
	a.over[0], a.over = nil, a.over[1:]
	if a.streams[old.key] == old {
		a.drop(old, old.last)
	}
}

// drop gives up a stream: what waits in it comes out, with gaps.
func (a *Assembler) drop(s *Stream, t time.Time) {
	s.flush(t)
	s.settle()
	delete(a.streams, s.key)
	a.recent.Remove(s.place)
}

// Flush ends the capture: what waits behind holes comes out.
func (a *Assembler) Flush() {
	for e := a.recent.Front(); e != nil; e = e.Next() {
		s := e.Value.(*Stream)
		s.flush(s.last)
		s.settle()
	}
}
