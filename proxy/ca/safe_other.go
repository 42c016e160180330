//go:build !unix

package ca

// Modes say nothing here: the user's config directory is closed to others by
// its access control list.

func safeFile(string) error { return nil }

func safeDir(string) error { return nil }
