package captures

import "golang.org/x/sys/unix"

// blocksOf is how many octets of the disk a file takes.
func blocksOf(path string) (int64, bool) {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return 0, false
	}
	return st.Blocks * 512, true
}
