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
// while there is something in it, so that an idle session has none.
type buffer [chunk]byte

var buffers = sync.Pool{New: func() any { return new(buffer) }}

// outgoing are the buffers in which TLS records are gathered.
var outgoing = sync.Pool{New: func() any { b := make([]byte, 0, chunk+4<<10); return &b }}

// errNoMore is what a link's Read says in a hurry, when it would have to wait.
// It is temporary: crypto/tls goes on with the next Read as if nothing was.
type noMore struct{}

func (noMore) Error() string   { return "no more octets for now" }
func (noMore) Timeout() bool   { return true }
func (noMore) Temporary() bool { return true }

var errNoMore net.Error = noMore{}

// link is a connection beneath TLS: it counts what crosses the socket, reads
// ahead as much as there is, and writes several TLS records with one call,
// since crypto/tls itself reads and writes one record a call.
//
// Reading is for one goroutine at a time, writing for any.
type link struct {
	net.Conn
	raw  syscall.RawConn // nil where the connection has none
	read func(fd uintptr) bool

	pushed []byte // unread: comes before in
	in     *buffer
	off    int
	end    int
	got    error // what read found
	hurry  bool  // Read never waits

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
			l.raw = raw
			l.read = l.readRaw
		}
	}
	return l
}

// Read takes from what was read ahead, and waits for more only if that is
// nothing and there is no hurry.
func (l *link) Read(p []byte) (int, error) {
	if len(l.pushed) > 0 {
		n := copy(p, l.pushed)
		if l.pushed = l.pushed[n:]; len(l.pushed) == 0 {
			l.pushed = nil
		}
		return n, nil
	}
	if l.in == nil {
		if l.hurry {
			return 0, errNoMore
		}
		if err := l.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, l.in[l.off:l.end])
	if l.off += n; l.off == l.end {
		l.release()
	}
	return n, nil
}

// fill waits for octets and reads what there is.
func (l *link) fill() error {
	if l.raw != nil {
		if err := l.raw.Read(l.read); err != nil {
			return err
		}
		err := l.got
		l.got = nil
		return err
	}
	l.in = buffers.Get().(*buffer)
	n, err := l.Conn.Read(l.in[:])
	l.filled(n)
	if n > 0 {
		return nil // the error comes again
	}
	return err
}

// filled notes that n octets stand in the buffer.
func (l *link) filled(n int) {
	l.off, l.end = 0, n
	l.bytesIn.Add(int64(n))
	if n == 0 {
		l.release()
	}
}

func (l *link) release() {
	buffers.Put(l.in)
	l.in = nil
}

// peek waits for octets, and gives those that are there without taking them.
func (l *link) peek() ([]byte, error) {
	if len(l.pushed) > 0 {
		return l.pushed, nil
	}
	if l.in == nil {
		if err := l.fill(); err != nil {
			return nil, err
		}
	}
	return l.in[l.off:l.end], nil
}

// take takes everything that was read ahead.
func (l *link) take() []byte {
	data := slices.Clone(l.pushed)
	l.pushed = nil
	if l.in != nil {
		data = append(data, l.in[l.off:l.end]...)
		l.release()
	}
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
