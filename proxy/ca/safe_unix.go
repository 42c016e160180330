//go:build unix

package ca

import (
	"fmt"
	"os"
	"syscall"
)

// safeFile refuses a key that others can read, or that others gave us.
func safeFile(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		if info, err = os.Stat(path); err != nil {
			return err
		}
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is no file")
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("others may read it (mode %04o); whoever has it can pose as every server that your clients trust; if nobody has, run chmod 600 %q", mode, path)
	}
	return ownedByUs(info)
}

// safeDir refuses a directory in which others can put a key of their own.
func safeDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("it is no directory; name another with --ca-dir")
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return fmt.Errorf("others may write to the directory (mode %04o); run chmod 700 %q, or name another with --ca-dir", mode, dir)
	}
	return ownedByUs(info)
}

// ownedByUs takes what is root's too; and root, as in a container, takes all.
func ownedByUs(info os.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() || stat.Uid == 0 || os.Geteuid() == 0 {
		return nil
	}
	return fmt.Errorf("it belongs to another user (uid %d); name a directory of your own with --ca-dir", stat.Uid)
}
