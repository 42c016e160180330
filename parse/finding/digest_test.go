package finding_test

import (
	"fmt"
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/imap/syntax"
)

// TestRecordedBehindTheEnd: a finding across sessions that the proxy recorded
// behind its session's end is the one that the capture's reader finds itself.
func TestRecordedBehindTheEnd(t *testing.T) {
	var d finding.Digest
	ctx := &event.Context{Session: "CASE000001", Proto: event.IMAP, User: "alice"}
	f := func() *event.Event {
		e := finding.New("mbox.uidvalidity", "INBOX: 2 now", "CASE000000:2", "CASE000001:2")
		e.Context = ctx
		return e
	}
	for _, e := range []*event.Event{
		{Kind: event.KindSessionOpen, Context: ctx, Seq: 1, Route: &event.Route{Upstream: "imaps://mail.example.org", Client: "192.0.2.7:1"}},
		{Kind: event.KindResponse, Context: ctx, Seq: 2, Dir: event.SideServer, Text: "* OK [UIDVALIDITY 2] x"},
		f(),
		{Kind: event.KindSessionClose, Context: ctx, Seq: 3, Close: &event.Close{}},
		f(),
	} {
		d.See(e)
	}
	if found := d.Found(); len(found) != 1 || found[0].Server != "mail.example.org" {
		t.Fatalf("found %+v", found)
	} else if lines := found[0].Lines; len(lines) != 1 || lines[0].ID != "CASE000001:2" {
		t.Errorf("its lines are %+v: that of the other session is not at hand", lines)
	}
}

// TestRenumberedAgainAndAgain: a mailbox whose UIDVALIDITY changes each time is
// one cause.
func TestRenumberedAgainAndAgain(t *testing.T) {
	var d finding.Digest
	for n := range uint64(4) {
		ctx := &event.Context{Session: fmt.Sprintf("CASE00000%d", n), Proto: event.IMAP, User: "alice", Mailbox: "INBOX"}
		for _, e := range []*event.Event{
			{Kind: event.KindSessionOpen, Context: ctx, Seq: 1, Route: &event.Route{Upstream: "imaps://mail.example.org", Client: "192.0.2.7:1"}},
			{Kind: event.KindResponse, Context: ctx, Seq: 2, Dir: event.SideServer, Completes: true, For: "LOGIN", Status: "OK", State: event.StateAuthenticated},
			{Kind: event.KindResponse, Context: ctx, Seq: 3, Dir: event.SideServer, Status: "OK", State: event.StateSelected, Data: &syntax.Status{Code: "UIDVALIDITY", Args: &syntax.NumberCode{Number: 77 + n}}},
			{Kind: event.KindSessionClose, Context: ctx, Seq: 4, Close: &event.Close{}},
		} {
			d.See(e)
		}
	}
	if found := d.Found(); len(found) != 1 || found[0].Count != 3 {
		t.Fatalf("found %+v", found)
	}
}
