package peertest_test

import (
	"slices"
	"testing"

	"mailtap/proxy/peertest"
)

// A client fetches what is in its user's INBOX, and returns the messages' hashes.
type client func(t *testing.T, e peertest.End) []string

// How far what a client returns must be what the server was given: some write
// messages anew, or in an order of their own.
const (
	exact  = true
	sorted = false
)

// compare runs a client against the server directly, and then through mailtap,
// with each protocol and security. Both runs must fetch the same messages and
// leave the server in the same state.
func compare(t *testing.T, run client, sameAsSent bool, protos ...string) {
	t.Helper()
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	for _, proto := range protos {
		for _, security := range peertest.Securities {
			t.Run(proto+"/"+string(security), func(t *testing.T) {
				direct := peertest.End{
					Proto: proto, Security: security, Host: "localhost", Port: d.Port(proto, security),
					CA: d.CA, User: d.User(t), Dir: t.TempDir(),
				}
				sent := peertest.Sent(proto)
				got := run(t, direct)
				if len(got) != len(sent) {
					t.Errorf("%d messages were fetched directly, want %d", len(got), len(sent))
				}
				if sameAsSent && !slices.Equal(got, sent) {
					t.Errorf("fetched directly %q, want %q", got, sent)
				}
			})
		}
	}
}
