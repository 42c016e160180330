//go:build !unix || aix || solaris

package captures

import "os"

// lock does nothing: there is no flock here. Solaris and AIX have fcntl's locks
// alone, which end as soon as this process closes any other descriptor of the
// file, and those of Windows keep readers off. Two mailtaps that record to one
// file are not kept apart on these systems.
func lock(*os.File) error { return nil }
