package tcp

import (
	"bytes"
	"slices"
	"time"
)

// half is one direction of a stream: segments in, octets in order out.
type half struct {
	next  uint32 // the sequence number that is expected
	known bool
	held  []waiting // segments behind a hole, in their order
	size  int       // of held, octets
	fin   bool      // the end was given
	ends  bool      // a FIN was seen, at finAt
	finAt uint32
}

// waiting is a segment that came before one that it follows.
type waiting struct {
	seq     uint32
	data    []byte
	missing int
	time    time.Time
}

// maxAhead is the largest window there is (RFC 7323 §2.3), in octets.
const maxAhead = 1 << 30

// before reports whether sequence number a comes before b (RFC 9293 §3.4).
func before(a, b uint32) bool { return int32(a-b) < 0 }

// output is what comes out of a half, in order.
type output interface {
	octets(h *half, data []byte, t time.Time)
	gap(h *half, n int64, t time.Time)
	end(h *half, t time.Time)
}

// take takes a segment of this direction.
func (h *half) take(seg *segment, t time.Time, out output) {
	seq := seg.seq
	if seg.begins() {
		if !h.known {
			h.next, h.known = seq+1, true
		}
		seq++ // octets on a SYN follow it
	}
	length := len(seg.data) + seg.missing
	if !h.known && (length > 0 || seg.flags&flagFIN != 0) {
		h.next, h.known = seq, true // the capture begins in the middle
	}
	if seg.flags&flagFIN != 0 && !h.ends {
		h.ends, h.finAt = true, seq+uint32(length)
	}
	switch {
	case length == 0:
	case before(h.next, seq) && seq-h.next > maxAhead: // nobody's window: a stray
	case before(h.next, seq):
		h.hold(waiting{seq, seg.data, seg.missing, t}, out)
	default:
		h.give(waiting{seq, seg.data, seg.missing, t}, out)
		h.resume(out)
	}
	h.finish(t, out)
}

// give hands on what is new in w, which begins at or before next.
func (h *half) give(w waiting, out output) {
	old := int(h.next - w.seq)
	if old >= len(w.data)+w.missing {
		return
	}
	if old < len(w.data) {
		h.next += uint32(len(w.data) - old)
		out.octets(h, w.data[old:], w.time)
		old = len(w.data)
	}
	if lost := len(w.data) + w.missing - old; lost > 0 {
		h.next += uint32(lost)
		out.gap(h, int64(lost), w.time)
	}
}

// hold keeps a segment that is early.
func (h *half) hold(w waiting, out output) {
	i, found := slices.BinarySearchFunc(h.held, w, func(a, b waiting) int { return int(int32(a.seq - b.seq)) })
	if found && len(h.held[i].data) >= len(w.data) {
		return
	}
	w.data = bytes.Clone(w.data)
	h.held = slices.Insert(h.held, i, w)
	h.size += len(w.data) + 64
	if h.size > maxHole {
		h.skip(h.held[0].seq, w.time, out)
	}
}

// resume hands on what is in order now.
func (h *half) resume(out output) {
	for len(h.held) > 0 && !before(h.next, h.held[0].seq) {
		w := h.held[0]
		h.held = h.held[1:]
		h.size -= len(w.data) + 64
		h.give(w, out)
	}
	if len(h.held) == 0 {
		h.held, h.size = nil, 0
	}
}

// skip gives up waiting for what comes before to, and reports whether that
// brought anything.
func (h *half) skip(to uint32, t time.Time, out output) bool {
	if h.ends && before(h.finAt, to) {
		to = h.finAt
	}
	if !h.known || !before(h.next, to) {
		return false
	}
	if len(h.held) > 0 && h.held[0].time.Before(t) {
		t = h.held[0].time // as what follows the gap
	}
	n := int64(to - h.next)
	h.next = to
	out.gap(h, n, t)
	h.resume(out)
	return true
}

// lacks reports whether the peer says that it got octets that are not here.
func (h *half) lacks(ack uint32) bool {
	ack = h.octetsTo(ack)
	return h.known && before(h.next, ack) && ack-h.next <= maxAhead
}

// octetsTo is where the octets end that ack acknowledges: a FIN takes a number too.
func (h *half) octetsTo(ack uint32) uint32 {
	if h.ends && ack == h.finAt+1 {
		return h.finAt
	}
	return ack
}

// acknowledge takes what the peer says it got at t: what it has and the
// capture lacks will not come any more.
func (h *half) acknowledge(ack uint32, t time.Time, out output) {
	for h.lacks(ack) {
		to := h.octetsTo(ack)
		if len(h.held) > 0 && before(h.held[0].seq, to) {
			to = h.held[0].seq
		}
		if !h.skip(to, t, out) {
			break
		}
	}
	h.finish(t, out)
}

// finish gives the end when everything before it is out.
func (h *half) finish(t time.Time, out output) {
	if h.ends && !h.fin && h.known && !before(h.next, h.finAt) {
		h.fin = true
		out.end(h, t)
	}
}

// flush gives up on all holes.
func (h *half) flush(t time.Time, out output) {
	for len(h.held) > 0 && h.skip(h.held[0].seq, t, out) {
	}
	h.held, h.size = nil, 0 // what is left lies behind the end
	h.finish(t, out)
}
