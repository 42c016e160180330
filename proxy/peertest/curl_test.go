package peertest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mailtap/proxy/peertest"
)

// TestCurl has curl fetch each message by its number.
func TestCurl(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "curl")
	compare(t, curl, exact, "imap", "pop3")
}

func curl(t *testing.T, e peertest.End) []string {
	t.Helper()
	last := len(peertest.Samples())
	path := fmt.Sprintf("/INBOX;UID=[1-%d]", last)
	if e.Proto == "pop3" {
		path = fmt.Sprintf("/[1-%d]", last)
	}
	args := []string{
		"--silent", "--show-error", "--fail-early", "--user", e.User.Name + ":" + e.User.Password,
		"--cacert", e.CA, "--output", "m#1",
		fmt.Sprintf("%s://%s:%d%s", scheme(e), e.Host, e.Port, path),
	}
	if e.Security == peertest.StartTLS {
		args = append(args, "--ssl-reqd")
	}
	peertest.Run(t, e.Dir, "curl", args...)
	var hashes []string
	for n := range last {
		text, err := os.ReadFile(filepath.Join(e.Dir, fmt.Sprintf("m%d", n+1)))
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, peertest.Hash(text))
	}
	return hashes
}

// scheme is the URL scheme as curl knows it: STARTTLS begins as imap or pop3.
func scheme(e peertest.End) string {
	if e.Security == peertest.Implicit {
		return e.Proto + "s"
	}
	return e.Proto
}
