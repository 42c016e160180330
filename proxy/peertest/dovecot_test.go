package peertest_test

import (
	"testing"

	"mailtap/proxy/peertest"
)

// TestDovecotState holds the harness against itself: what it put into the
// mailboxes is what the server says it has.
func TestDovecotState(t *testing.T) {
	d := peertest.StartDovecot(t, peertest.DovecotOptions{Users: 2})
	sent := peertest.Sent("imap")
	one, two := d.State(t, d.User(t)), d.State(t, d.User(t))
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
}
