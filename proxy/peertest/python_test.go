package peertest_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// TestPython has Python's imaplib and poplib do what mail programs do, each
// once over every way to connect.
func TestPython(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "python3")
	compare(t, python, exact, "imap", "pop3")
}

// python runs the script of e's protocol, and returns the hashes that it prints.
func python(t *testing.T, e peertest.End) []string {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("testdata", e.Proto+"_client.py"))
	if err != nil {
		t.Fatal(err)
	}
	out := peertest.Run(t, e.Dir, "python3", script, e.Host, strconv.Itoa(e.Port), string(e.Security), e.CA, e.User.Name, e.User.Password)
	return strings.Fields(out)
}
