//go:build unix && !aix && !solaris

package captures

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the file for this process, or gives ErrBusy. It ends with the file.
func lock(f *os.File) error {
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
	case unix.EWOULDBLOCK:
		return ErrBusy
	case unix.ENOTSUP, unix.ENOSYS, unix.EINVAL: // file systems without locks
		return nil
	default:
		return err
	}
}
