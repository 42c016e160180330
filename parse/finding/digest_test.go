package finding_test

import (
	"testing"

	"mailtap/parse/event"
	"mailtap/parse/finding"
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
