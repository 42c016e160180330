package finding

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/pop3"
)

// memory is what has to be known across sessions: UIDVALIDITY of mailboxes,
// unique-ids of maildrops. Its zero value is ready.
type memory struct {
	validity map[string]validity
	uids     map[string]maildrop
}

type validity struct {
	n  uint64
	id string // of the event that said it
}

type maildrop struct {
	uids map[string]bool
	id   string
}

// most is how many mailboxes and maildrops are remembered.
const most = 10000

// see takes an event and gives what it tells together with earlier sessions.
func (m *memory) see(e *event.Event, v *visit) []*event.Event {
	if v.user == "" || e.Kind != event.KindResponse {
		return nil
	}
	if e.Code == "UIDVALIDITY" {
		return m.uidValidity(e, v)
	}
	if d, ok := e.Data.(*pop3.Listing); ok && e.For == "UIDL" && e.Completes && !d.More {
		return m.uidl(e, v, d)
	}
	return nil
}

func (m *memory) uidValidity(e *event.Event, v *visit) []*event.Event {
	var n uint64
	text := e.Text
	if i := strings.Index(text, "UIDVALIDITY "); i >= 0 {
		fmt.Sscanf(text[i:], "UIDVALIDITY %d", &n)
	}
	if n == 0 || v.mailbox == "" {
		return nil
	}
	if m.validity == nil {
		m.validity = map[string]validity{}
	}
	key := v.user + "\x00" + v.server + "\x00" + v.mailbox
	before, ok := m.validity[key]
	if len(m.validity) < most || ok {
		m.validity[key] = validity{n, e.ID()}
	}
	if !ok || before.n == n {
		return nil
	}
	f := New("mbox.uidvalidity", fmt.Sprintf("%s: %d before, %d now", v.mailbox, before.n, n), before.id, e.ID())
	f.After = e.Seq
	return []*event.Event{f}
}

// uidl holds the unique-ids of a maildrop against those of the session before:
// none in common although there are about as many tells of a migration.
func (m *memory) uidl(e *event.Event, v *visit, d *pop3.Listing) []*event.Event {
	if m.uids == nil {
		m.uids = map[string]maildrop{}
	}
	now := map[string]bool{}
	for _, s := range d.List {
		now[s.UID] = true
	}
	key := v.user + "\x00" + v.server
	before, ok := m.uids[key]
	if len(m.uids) < most || ok {
		m.uids[key] = maildrop{uids: now, id: e.ID()}
	}
	if !ok || len(before.uids) < 3 || len(now)*2 < len(before.uids) || len(now) > 2*len(before.uids) {
		return nil
	}
	for uid := range now {
		if before.uids[uid] {
			return nil
		}
	}
	f := New("pop.uidl-reset", fmt.Sprintf("%d unique-ids before, %d now, none in common", len(before.uids), len(now)), before.id, e.ID())
	f.After = e.Seq
	return []*event.Event{f}
}
