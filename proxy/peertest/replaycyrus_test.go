package peertest_test

import (
	"strconv"
	"strings"
	"testing"

	"mailtap/proxy/peertest"
)

// TestReplayClientElsewhere plays what was recorded with Dovecot against Cyrus:
// every command is sent, and what differs is the servers' doing.
func TestReplayClientElsewhere(t *testing.T) {
	peertest.SkipShort(t)
	peertest.Need(t, "python3")
	c := peertest.StartCyrus(t, peertest.CyrusOptions{})
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	for _, proto := range []string{"imap", "pop3"} {
		t.Run(proto, func(t *testing.T) {
			capture := recordOnce(t, d.Server, proto, peertest.Implicit)
			u := c.User(t)
			stdout, stderr := mailtap(t, 3, u.Password, "replay", "client", capture, "--yes", "--user", u.Name, "--upstream-ca", c.CA,
				peertest.Implicit.Scheme(proto)+"://localhost:"+strconv.Itoa(c.Port(proto, peertest.Implicit)))
			if stderr != "" || !strings.Contains(stdout, "greeting") || !strings.Contains(stdout, "capability") {
				t.Errorf("replayed:\n%s%s", stdout, stderr)
			}
			for line := range strings.SplitSeq(stdout, "\n") {
				if strings.HasPrefix(line, "  command") || strings.HasPrefix(line, "  order") || strings.HasPrefix(line, "  argument") {
					t.Errorf("the replay did something else than the client:\n%s", stdout)
				}
			}
			t.Log(stdout)
		})
	}
}
