//go:build unix && !aix && !solaris

package control

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockDir holds others off who want to bind in dir, until unlock.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err {
	case nil, unix.ENOTSUP, unix.ENOSYS, unix.EINVAL: // file systems without locks
		return func() { f.Close() }, nil
	default:
		f.Close()
		return nil, err
	}
}
