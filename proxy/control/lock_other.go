//go:build !unix || aix || solaris

package control

// lockDir does nothing where there is no flock: of two proxies that start at
// once, the second may take the socket of the first.
func lockDir(string) (unlock func(), err error) { return func() {}, nil }
