// Package peertest sets real mail servers and clients against mailtap: it
// starts Dovecot and Cyrus with their own config, certificates, users and
// mailboxes, builds and runs `mailtap proxy`, runs clients with a time limit,
// and tells whether what was fetched, what was left on the server, and what
// stands in the log is right.
//
// Everything lives in temporary directories, listens on 127.0.0.1 and is gone
// when the test is. Only tests import this package. A program that is not
// installed skips the test with the reason; with MAILTAP_REQUIRE_PEERS=1, as
// in CI, that is a failure.
package peertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// requirePeers names the environment variable that turns a skip into a failure.
const requirePeers = "MAILTAP_REQUIRE_PEERS"

// Need returns the path of each program named, looked for in PATH and where
// distributions keep servers. Where one is missing the test ends: skipped, or
// failed where peers are required.
func Need(t testing.TB, programs ...string) []string {
	t.Helper()
	var paths []string
	for _, program := range programs {
		path, err := find(program)
		if err != nil {
			Missing(t, "%s is not installed", program)
		}
		paths = append(paths, path)
	}
	return paths
}

// Missing ends a test that lacks something it needs: a skip with the reason, or
// a failure where peers are required.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv(requirePeers) == "1" {
		t.Fatalf(requirePeers+"=1, but "+format, args...)
	}
	t.Skipf(format, args...)
}

func find(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path, nil
		}
	}
	return "", err
}

// SkipShort leaves a test out of a short run, which is the race detector's: it
// has one session at a time, and nothing that the others do not show.
func SkipShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("short: one session after another has nothing for the race detector")
	}
}
