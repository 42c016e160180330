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

// compare runs a client against each server directly, and then through mailtap,
// with each protocol and security. Both runs must fetch the same messages and
// leave the server in the same state.
func compare(t *testing.T, run client, sameAsSent bool, protos ...string) {
	t.Helper()
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			p := peertest.StartProxy(t, s, peertest.ProxyOptions{})
			for _, proto := range protos {
				for _, security := range peertest.Securities {
					t.Run(proto+"/"+string(security), func(t *testing.T) {
						compareOnce(t, s, p, run, sameAsSent, proto, security)
					})
				}
			}
		})
	}
}

func compareOnce(t *testing.T, s *peertest.Server, p *peertest.Proxy, run client, sameAsSent bool, proto string, security peertest.Security) {
	t.Helper()
	direct := peertest.End{
		Proto: proto, Security: security, Host: "localhost", Port: s.Port(proto, security),
		CA: s.CA, User: s.User(t), Dir: t.TempDir(),
	}
	through := peertest.End{
		Proto: proto, Security: security, Host: "localhost",
		Port: p.Port(t, peertest.Route{Proto: proto, Listen: security, Upstream: security}),
		CA:   p.CA, User: s.User(t), Dir: t.TempDir(),
	}
	want := run(t, direct)
	checkFetched(t, want, peertest.Sent(proto), sameAsSent)
	if got := run(t, through); !slices.Equal(got, want) {
		t.Errorf("through mailtap fetched %q, directly %q", got, want)
	}
	if diff := peertest.Differ(s.State(t, direct.User), s.State(t, through.User)); diff != "" {
		t.Errorf("a direct run and one through mailtap left different mailboxes: %s", diff)
	}
}

func checkFetched(t *testing.T, got, sent []string, same bool) {
	t.Helper()
	if len(got) != len(sent) {
		t.Errorf("%d messages were fetched directly, want %d", len(got), len(sent))
	}
	if same && !slices.Equal(got, sent) {
		t.Errorf("fetched directly %q, want %q", got, sent)
	}
}
