package proxy

import (
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"mailtap/parse/event"
)

// leg is one side's connection: the link, and TLS over it once it is up.
type leg struct {
	side event.Side
	link *link
	conn net.Conn // the link, or TLS over it
	tls  *tls.Conn
	one  [1]byte

	// Of the loop that reads from this leg, and of whoever has brought it to a stop.
	buf  *buffer // what is being passed on stands in it; nil where it does not
	rest []byte  // read, and not yet stepped
	held []byte  // the line at which the gate said Hold

	patience atomic.Int64 // how long the next Read may wait, in ns; 0 is for ever

	// Turns are given under the session's lock, so that what goes out on this
	// leg goes in the order in which it was put on record.
	wmu    sync.Mutex
	turn   sync.Cond
	next   atomic.Uint64
	issued uint64 // under the session's lock
}

func newLeg(side event.Side, conn net.Conn) *leg {
	l := &leg{side: side, link: newLink(conn)}
	l.conn = l.link
	l.turn.L = &l.wmu
	return l
}

// secure puts TLS over the link.
func (l *leg) secure(conn *tls.Conn) { l.conn, l.tls = conn, conn }

// wait sets the time that the next Read has, where that is limited.
func (l *leg) wait() {
	if d := l.patience.Load(); d > 0 {
		l.link.SetReadDeadline(time.Now().Add(time.Duration(d)))
	}
}

// read waits for octets, and gives all that are there up to a buffer's length.
// It holds no buffer while it waits. The buffer is the caller's to release.
func (l *leg) read() (buf *buffer, n int, err error) {
	if l.tls == nil {
		return l.link.readBuffer()
	}
	for n == 0 && err == nil {
		n, err = l.tls.Read(l.one[:])
	}
	if n == 0 {
		return nil, 0, err
	}
	// An error may come along: crypto/tls says io.EOF with the last octet where
	// a close_notify stands behind it.
	buf = newBuffer()
	buf.data[0] = l.one[0]
	l.link.hurry = true
	for n < chunk && err == nil {
		var m int
		m, err = l.tls.Read(buf.data[n:])
		n += m
	}
	l.link.hurry = false
	if err == errNoMore {
		err = nil
	}
	return buf, n, err
}

// write writes data when it is turn's turn. Each turn that was issued must be
// taken, with nothing to write too.
func (l *leg) write(turn uint64, data []byte) (err error) {
	l.wmu.Lock()
	defer l.wmu.Unlock()
	for l.next.Load() != turn {
		l.turn.Wait()
	}
	if len(data) > 0 {
		err = l.put(data)
	}
	l.next.Add(1)
	l.turn.Broadcast()
	return err
}

func (l *leg) put(data []byte) error {
	if l.tls == nil {
		_, err := l.link.Write(data)
		return err
	}
	l.link.cork()
	_, err := l.tls.Write(data)
	if flushed := l.link.uncork(); err == nil {
		err = flushed
	}
	return err
}

// written reports whether every turn that was issued is over. It is called
// under the session's lock.
func (l *leg) written() bool { return l.next.Load() == l.issued }

// past is a deadline that is over: it ends a Read that waits.
var past = time.Unix(1, 0)

// interrupt ends the Read that waits on the leg.
func (l *leg) interrupt() { l.link.SetReadDeadline(past) }

// closeWrite passes a half-close on: close_notify inside TLS, then a FIN.
func (l *leg) closeWrite() {
	if l.tls != nil {
		l.link.SetWriteDeadline(time.Now().Add(closeLimit))
		l.tls.CloseWrite()
	}
	l.link.closeWrite()
}
