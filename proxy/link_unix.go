//go:build unix

package proxy

import (
	"io"
	"os"
	"syscall"
)

// canReadRaw: a goroutine can wait for octets without holding a buffer for
// them, and look whether there are any without waiting.
const canReadRaw = true

// readRaw is one try to read from the socket, to l.into or else to a buffer of
// its own; false is "wait, then try again".
func (l *link) readRaw(fd uintptr) bool {
	p := l.into
	if p == nil {
		l.buf = newBuffer()
		p = l.buf.data[:]
	}
	n, err := syscall.Read(int(fd), p)
	for err == syscall.EINTR {
		n, err = syscall.Read(int(fd), p)
	}
	switch {
	case err == syscall.EAGAIN && !l.hurry:
		if l.buf != nil {
			l.buf.release()
			l.buf = nil
		}
		l.busy.Store(false)
		return false
	case err == syscall.EAGAIN:
		l.err = errNoMore
	case err != nil:
		l.err = os.NewSyscallError("read", err)
	case n == 0 && len(p) > 0:
		l.err = io.EOF
	}
	l.got = max(n, 0)
	l.busy.Store(l.busy.Load() || l.err != errNoMore)
	return true
}

// arrived reports whether there are octets, or an end, that whoever reads from
// the link has not dealt with.
func (l *link) arrived() (there bool) {
	if l.busy.Load() {
		return true
	}
	if l.raw == nil {
		return false
	}
	err := l.raw.Control(func(fd uintptr) {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		there = err != syscall.EAGAIN && err != syscall.EINTR
	})
	return err != nil || there || l.busy.Load()
}
