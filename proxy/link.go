package proxy

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
)

// chunk is how much is read, stepped and written at a time: four TLS records.
const chunk = 64 << 10

// buffer is what octets stand in while they pass: from a pool, and held only
// while there is something in it, so that an idle session has none. The relay
// holds it, and so does each sink that the record lends it to.
type buffer struct {
	data [chunk]byte
	refs atomic.Int32
}

var buffers = sync.Pool{New: func() any { return new(buffer) }}

func newBuffer() *buffer {
	b := buffers.Get().(*buffer)
	b.refs.Store(1)
	return b
}

// release gives the buffer back when nobody holds it any more.
func (b *buffer) release() {
	if b.refs.Add(-1) == 0 {
		buffers.Put(b)
	}
}

// outgoing are the buffers in which TLS records are gathered.
var outgoing = sync.Pool{New: func() any { b := make([]byte, 0, chunk+4<<10); return &b }}

// errNoMore is what a link's Read says in a hurry, when it would have to wait.
// It is temporary: crypto/tls goes on with the next Read as if nothing was.
type noMore struct{}

func (noMore) Error() string   { return "no more octets for now" }
func (noMore) Timeout() bool   { return true }
func (noMore) Temporary() bool { return true }

var errNoMore net.Error = noMore{}

// link is a connection beneath TLS: it counts what crosses the socket, can
// read without waiting, and writes several TLS records with one call, since
// crypto/tls itself makes a call for each.
//
// Reading is for one goroutine at a time, writing for any.
type link struct {
	net.Conn
	raw syscall.RawConn // nil where the connection has none

	pushed []byte      // unread: comes first
	hurry  bool        // Read never waits
	short  bool        // the last read left nothing behind
	busy   atomic.Bool // what the last read has brought is not dealt with yet

	// Of the read that runs: see readRaw.
	try  func(fd uintptr) bool
	into []byte
	buf  *buffer
	got  int
	err  error

	wmu     sync.Mutex
	corked  bool
	gather  *[]byte
	bytesIn atomic.Int64
	bytes   atomic.Int64 // written
}

func newLink(conn net.Conn) *link {
	l := &link{Conn: conn}
	if sc, ok := conn.(syscall.Conn); ok && canReadRaw {
		if raw, err := sc.SyscallConn(); err == nil {
			l.raw, l.try = raw, l.readRaw
		}
	}
	return l
}

// Read gives what is there, and waits for more only if there is no hurry.
func (l *link) Read(p []byte) (n int, err error) {
	switch {
	case len(l.pushed) > 0:
		n = copy(p, l.pushed)
		if l.pushed = l.pushed[n:]; len(l.pushed) == 0 {
			l.pushed = nil
		}
		return n, nil
	case l.hurry && (l.short || l.raw == nil):
		return 0, errNoMore
	case l.raw == nil:
		n, err = l.Conn.Read(p)
	default:
		l.into = p
		n, err = l.attempt()
		l.into = nil
	}
	l.short = n < len(p)
	l.bytesIn.Add(int64(n))
	return n, err
}

// attempt reads with readRaw. What goes wrong in waiting (a deadline, a
// connection that was closed) goes before what it has found.
func (l *link) attempt() (int, error) {
	l.got, l.err = 0, nil
	if err := l.raw.Read(l.try); err != nil {
		return 0, err
	}
	return l.got, l.err
}

// readBuffer waits for octets, holding no buffer where it can, and gives them
// in one that is the caller's to release. On an error there is none.
func (l *link) readBuffer() (buf *buffer, n int, err error) {
	switch {
	case len(l.pushed) > 0:
		buf = newBuffer()
		n, err = l.Read(buf.data[:])
		return buf, n, err
	case l.raw == nil:
		buf = newBuffer()
		n, err = l.Conn.Read(buf.data[:])
	default:
		n, err = l.attempt()
		buf, l.buf = l.buf, nil
	}
	l.bytesIn.Add(int64(n))
	if n == 0 && buf != nil {
		buf.release()
		buf = nil
	}
	if n > 0 {
		err = nil // it comes again
	}
	return buf, n, err
}

// peekSize is how much a peek reads: a ClientHello as a rule.
const peekSize = 4 << 10

// peek waits for octets, and gives those that are there without taking them.
func (l *link) peek() ([]byte, error) {
	if len(l.pushed) == 0 {
		buf := make([]byte, peekSize)
		n, err := l.Read(buf)
		if n == 0 {
			return nil, err
		}
		l.pushed = buf[:n]
	}
	return l.pushed, nil
}

// take takes everything that was read ahead.
func (l *link) take() []byte {
	data := l.pushed
	l.pushed = nil
	return data
}

// unread puts data before what is read next.
func (l *link) unread(data []byte) {
	l.pushed = slices.Concat(data, l.pushed)
}

// Write writes p, or keeps it until uncork.
func (l *link) Write(p []byte) (int, error) {
	l.wmu.Lock()
	defer l.wmu.Unlock()
	if !l.corked {
		n, err := l.Conn.Write(p)
		l.bytes.Add(int64(n))
		return n, err
	}
	if l.gather == nil {
		l.gather = outgoing.Get().(*[]byte)
	}
	if len(*l.gather)+len(p) > cap(*l.gather) {
		if err := l.flush(); err != nil {
			return 0, err
		}
	}
	*l.gather = append(*l.gather, p...)
	return len(p), nil
}

// cork makes Write gather until uncork.
func (l *link) cork() {
	l.wmu.Lock()
	l.corked = true
	l.wmu.Unlock()
}

// uncork writes what was gathered.
func (l *link) uncork() error {
	l.wmu.Lock()
	defer l.wmu.Unlock()
	l.corked = false
	if l.gather == nil {
		return nil
	}
	err := l.flush()
	if cap(*l.gather) <= chunk+4<<10 {
		outgoing.Put(l.gather)
	}
	l.gather = nil
	return err
}

func (l *link) flush() error {
	n, err := l.Conn.Write(*l.gather)
	l.bytes.Add(int64(n))
	*l.gather = (*l.gather)[:0]
	return err
}

// closeWrite passes a half-close on, where the connection knows one.
func (l *link) closeWrite() {
	if c, ok := l.Conn.(interface{ CloseWrite() error }); ok {
		c.CloseWrite()
	}
}
