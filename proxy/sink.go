package proxy

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"io"
	"slices"
	"sync"
	"time"
	"unsafe"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// sink is a session's wire.Sink: it gathers what one step has to say, and
// hands it to the record in one piece. It lives under the session's lock.
type sink struct {
	record  *record
	session string
	batch   []wire.Item
	pending bool // something was queued since the last wait

	buf  *buffer // of the chunk that the step is about; nil: copy all octets
	data []byte  // the chunk in it
	lent bool    // the batch has octets that stand in buf
	slab []byte  // where others are copied to
	hint int     // how many those may be
}

// minLend is how much of a buffer has to be in use to lend it: what is
// smaller is copied, so that a queue of little things does not hold much.
const minLend = chunk / 2

// chunk begins a step about data. Large chunks are not copied for the sinks,
// the buffer that they stand in is lent.
func (k *sink) chunk(buf *buffer, data []byte) {
	k.hint, k.buf, k.data = len(data), nil, nil
	if len(data) >= minLend {
		k.buf, k.data = buf, data
	}
}

// Octets keeps o, whose data is valid for the time of the call only.
func (k *sink) Octets(o *wire.Octets) {
	if !k.record.octets {
		return
	}
	kept := *o
	if k.buf != nil && within(o.Data, k.data) {
		kept.Data = o.Data[:len(o.Data):len(o.Data)]
		k.lent = true
	} else {
		kept.Data = k.keep(o.Data)
	}
	kept.Secrets = slices.Clone(o.Secrets)
	k.batch = append(k.batch, wire.Item{Session: k.session, Octets: &kept})
}

// within reports whether part is a part of whole.
func within(part, whole []byte) bool {
	if len(part) == 0 || len(part) > len(whole) {
		return false
	}
	at := uintptr(unsafe.Pointer(&part[0])) - uintptr(unsafe.Pointer(&whole[0]))
	return at <= uintptr(len(whole)-len(part))
}

func (k *sink) keep(data []byte) []byte {
	if cap(k.slab)-len(k.slab) < len(data) {
		k.slab = make([]byte, 0, max(len(data), min(k.hint, minLend)))
	}
	at := len(k.slab)
	k.slab = append(k.slab, data...)
	return k.slab[at:len(k.slab):len(k.slab)]
}

// Event keeps e.
func (k *sink) Event(e *event.Event) {
	if len(k.record.queues) > 0 {
		k.batch = append(k.batch, wire.Item{Session: k.session, Event: e})
	}
}

// maxBatch is the longest batch whose memory a session keeps.
const maxBatch = 64

// flush queues what was gathered.
func (k *sink) flush() {
	var lent *buffer
	if k.lent {
		lent = k.buf
	}
	k.slab, k.lent, k.buf, k.data = nil, false, nil, nil
	if len(k.batch) == 0 {
		return
	}
	k.record.add(k.batch, lent)
	k.pending = true
	clear(k.batch)
	if k.batch = k.batch[:0]; cap(k.batch) > maxBatch {
		k.batch = nil
	}
}

// discard forgets what was gathered and not yet queued.
func (k *sink) discard() {
	k.lent = false
	clear(k.batch)
	k.batch = k.batch[:0]
}

var lastID struct {
	sync.Mutex
	second uint32
	random uint32
}

// newID is a session's name: ten base32 characters, the second of its start in
// the first six and a bit, then 18 random bits that are used once each.
func newID(now time.Time) string {
	lastID.Lock()
	defer lastID.Unlock()
	second := uint32(now.Unix())
	if second != lastID.second {
		var b [4]byte
		rand.Read(b[:])
		lastID.second, lastID.random = second, binary.BigEndian.Uint32(b[:])
	} else {
		lastID.random++
	}
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], (uint64(second)<<18|uint64(lastID.random&(1<<18-1)))<<14)
	return base32.StdEncoding.EncodeToString(b[:])[:10]
}

// NewID is the name of a session that begins now, for those who record one
// that no Proxy relayed.
func NewID() string { return newID(time.Now()) }

// serialized makes a writer that many sessions may write to, or nil of nil.
func serialized(w io.Writer) io.Writer {
	if w == nil {
		return nil
	}
	return &lockedWriter{w: w}
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// clock is the time as a record can keep it, without the monotonic part that no
// capture has a place for: a latency read back is the one that was logged.
func clock() time.Time { return time.Now().Round(0) }
