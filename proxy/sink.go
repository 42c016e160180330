package proxy

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"io"
	"slices"
	"sync"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// sink is a session's wire.Sink: it gathers what one step has to say, and
// hands it to the record in one piece. It lives under the session's lock.
type sink struct {
	record  *record
	session string
	batch   []wire.Item
	slab    []byte // where octets are copied to
	hint    int    // how many octets the step is about
	pending bool   // something was queued since the last wait
}

// Octets copies o: its data is valid for the time of the call only.
func (k *sink) Octets(o *wire.Octets) {
	if !k.record.octets {
		return
	}
	kept := *o
	kept.Data = k.keep(o.Data)
	kept.Secrets = slices.Clone(o.Secrets)
	k.batch = append(k.batch, wire.Item{Session: k.session, Octets: &kept})
}

func (k *sink) keep(data []byte) []byte {
	if cap(k.slab)-len(k.slab) < len(data) {
		k.slab = make([]byte, 0, max(len(data), k.hint))
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
	k.slab = nil
	if len(k.batch) == 0 {
		return
	}
	k.record.add(k.batch)
	k.pending = true
	clear(k.batch)
	if k.batch = k.batch[:0]; cap(k.batch) > maxBatch {
		k.batch = nil
	}
}

// discard forgets what was gathered and not yet queued.
func (k *sink) discard() {
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
