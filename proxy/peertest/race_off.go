//go:build !race

package peertest

// Race is whether the tests, and mailtap with them, are built with the race detector.
const Race = false
