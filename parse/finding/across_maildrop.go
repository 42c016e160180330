package finding

import (
	"fmt"
	"strconv"

	"mailtap/parse/event"
	"mailtap/parse/pop3"
)

// maildrop is what an account's last listing of unique-ids left on the server.
type maildrop struct {
	sizes map[string]int64 // by unique-id, -1 where it is not known
	id    string           // the listing
}

// popVisit is what is remembered of a POP3 session.
type popVisit struct {
	uids    map[int64]string // unique-ids by message-number, nil before UIDL
	sizes   map[int64]int64  // LIST
	listing *event.Event     // UIDL's, until it was held against the one before
	deleted []int64
}

// maildrop follows a POP3 session: what it lists, and what it takes away.
func (acc *account) maildrop(e *event.Event, v *visit) []*event.Event {
	p := &v.pop
	if e.Kind == event.KindSessionClose {
		return acc.settleUIDs(p)
	}
	if !e.Completes || !succeeded(e) {
		return nil
	}
	switch d, ok := e.Data.(*pop3.Listing); {
	case ok && e.For == "UIDL" && !d.More:
		p.listing, p.uids = e, make(map[int64]string, len(d.List))
		for _, s := range d.List {
			p.uids[s.Message] = s.UID
		}
	case ok && e.For == "LIST" && !d.More:
		p.sizes = make(map[int64]int64, len(d.List))
		for _, s := range d.List {
			if s.Octets != nil {
				p.sizes[s.Message] = *s.Octets
			}
		}
	case e.For == "DELE":
		if n, err := strconv.ParseInt(argument(v.args[e.Cmd], 1), 10, 64); err == nil && len(p.deleted) < most {
			p.deleted = append(p.deleted, n)
		}
		delete(v.args, e.Cmd)
		return acc.settleUIDs(p)
	case e.For == "RSET":
		p.deleted = nil
	case e.For == "RETR", e.For == "TOP":
		return acc.settleUIDs(p)
	case e.For == "QUIT":
		found := acc.settleUIDs(p)
		for _, n := range p.deleted {
			delete(acc.uids.sizes, p.uids[n])
		}
		return found
	}
	return nil
}

// settleUIDs holds a listing against that of the session before: no unique-id
// in common, although the mail is the same, tells of a migration.
func (acc *account) settleUIDs(p *popVisit) []*event.Event {
	if p.listing == nil {
		return nil
	}
	now := maildrop{sizes: make(map[string]int64, len(p.uids)), id: p.listing.ID()}
	for n, uid := range p.uids {
		now.sizes[uid] = -1
		if size, ok := p.sizes[n]; ok {
			now.sizes[uid] = size
		}
	}
	p.listing = nil
	before := acc.uids
	acc.uids = now
	if !now.renamed(before) {
		return nil
	}
	return []*event.Event{New("pop.uidl-reset", fmt.Sprintf("%d unique-ids before, %d now, none in common", len(before.sizes), len(now.sizes)), before.id, now.id)}
}

// renamed tells whether d holds the mail of before under other unique-ids: by
// the sizes; where those are not known, if none of it went.
func (d maildrop) renamed(before maildrop) bool {
	if len(before.sizes) < 2 || len(d.sizes) < 2 {
		return false
	}
	had := map[int64]int{}
	known := true
	for uid, size := range before.sizes {
		if _, same := d.sizes[uid]; same {
			return false
		}
		known = known && size >= 0
		had[size]++
	}
	again := 0
	for _, size := range d.sizes {
		known = known && size >= 0
		if had[size] > 0 {
			had[size]--
			again++
		}
	}
	if !known {
		return len(d.sizes) >= len(before.sizes)
	}
	return again*2 >= len(before.sizes)
}
