//go:build unix

package proxy

import (
	"io"
	"os"
	"syscall"
)

// canReadRaw: a goroutine can wait for octets without holding a buffer for them.
const canReadRaw = true

// readRaw is one try to read from the socket; false is "wait, then try again".
func (l *link) readRaw(fd uintptr) bool {
	buf := buffers.Get().(*buffer)
	for {
		n, err := syscall.Read(int(fd), buf[:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			buffers.Put(buf)
			return false
		case err != nil:
			l.got = os.NewSyscallError("read", err)
		case n == 0:
			l.got = io.EOF
		}
		l.in = buf
		l.filled(max(n, 0))
		return true
	}
}
