package captures

import (
	"os"

	"golang.org/x/sys/unix"
)

// allocate reserves n octets from off on without changing the file's size.
// File systems that cannot do it are none the worse.
func allocate(f *os.File, off, n int64) {
	_ = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, off, n)
}
