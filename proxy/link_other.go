//go:build !unix

package proxy

const canReadRaw = false

func (l *link) readRaw(uintptr) bool { return true }
