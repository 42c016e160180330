//go:build !unix

package control

import "os"

func mine(os.FileInfo) bool { return true }

func lockDir(string) (unlock func(), err error) { return func() {}, nil }
