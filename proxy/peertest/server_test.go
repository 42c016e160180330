package peertest_test

import (
	"testing"

	"mailtap/proxy/peertest"
)

// TestState holds the harness against itself: what it put into the mailboxes
// is what the server says it has.
func TestState(t *testing.T) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			sent := peertest.Sent("imap")
			one, two := s.State(t, s.User(t)), s.State(t, s.User(t))
			if len(one) != 1 || len(one[0].Messages) != len(sent) {
				t.Fatalf("the mailbox holds %+v, want INBOX with %d messages", one, len(sent))
			}
			for i, m := range one[0].Messages {
				if m.Hash != sent[i] {
					t.Errorf("message %d has the hash %s, want %s", i+1, m.Hash, sent[i])
				}
			}
			if diff := peertest.Differ(one, two); diff != "" {
				t.Errorf("two fresh mailboxes differ: %s", diff)
			}
		})
	}
}

// servers are all servers, with their default config.
var servers = map[string]func(t testing.TB) *peertest.Server{
	"dovecot": func(t testing.TB) *peertest.Server {
		return peertest.StartDovecot(t, peertest.DovecotOptions{}).Server
	},
	"cyrus": func(t testing.TB) *peertest.Server { return peertest.StartCyrus(t, peertest.CyrusOptions{}) },
}
