//go:build !unix

package captures

import "os"

// lock does nothing: no advisory locks here.
func lock(*os.File) error { return nil }
