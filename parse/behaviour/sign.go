package behaviour

import (
	"slices"
	"time"

	"mailtap/parse/event"
)

// Sign is evidence of what one session's doing means for another.
type Sign struct {
	Time     time.Time `json:"time"`
	Sentence string    `json:"sentence"`
	Evidence []string  `json:"evidence"` // SESSION:SEQ

	n int64 // what the sentence counts
}

const (
	maxSigns   = 100
	maxChanges = 64 // of a mailbox that are remembered
	maxBoxes   = 1000
)

// box is what is remembered of a mailbox between sessions.
type box struct {
	known   bool
	n       int64 // messages, as far as the sessions told
	changes []*change
	last    *change // the last that took messages or left them
}

// change is something that a session did to a mailbox.
type change struct {
	act
	by   *Visit
	id   string
	left int64 // actGone, actKept: how many messages there are then; -1: unknown
	seen map[string]int64
}

// acts takes what the last event of a session did, and what it shows of others.
func (acc *Account) acts(v *Visit, e *event.Event) {
	for _, a := range v.Did.acts {
		b := acc.boxes[a.mailbox]
		if b == nil {
			if len(acc.boxes) == maxBoxes {
				continue
			}
			b = &box{}
			acc.boxes[a.mailbox] = b
		}
		switch a.kind {
		case actFlags, actGone, actKept, actStored:
			b.did(&change{act: a, by: v, id: e.ID(), left: -1})
		case actFound:
			acc.found(b, v, e, a)
		case actSaw:
			acc.saw(b, v, e, a)
		case actVanished, actArrived:
			acc.noticed(b, v, e, a)
		}
	}
}

// did remembers a change.
func (b *box) did(c *change) {
	switch c.kind {
	case actGone:
		if b.known {
			b.n = max(0, b.n-c.n)
			c.left = b.n
		}
		b.last = c
	case actKept:
		if b.known {
			c.left = b.n
		}
		b.last = c
	case actStored:
		b.n += c.n
		b.last = nil
	}
	if len(b.changes) == maxChanges {
		b.changes = slices.Delete(b.changes, 0, 1)
	}
	b.changes = append(b.changes, c)
}

// sign tells a piece of evidence once, or adds n to what it counts; n is 0
// where it counts nothing.
func (acc *Account) sign(key string, e *event.Event, cause string, n int64, words func(n int64) string) {
	at, told := acc.signs[key]
	switch {
	case told && n == 0:
	case told:
		s := &acc.Signs[at]
		s.n += n
		s.Sentence = words(s.n)
	case len(acc.Signs) < maxSigns:
		evidence := []string{e.ID()}
		if cause != "" {
			evidence = []string{cause, e.ID()}
		}
		acc.signs[key] = len(acc.Signs)
		acc.Signs = append(acc.Signs, Sign{Time: e.Time, Sentence: words(n), Evidence: evidence, n: n})
	}
}

// enter counts a session in, and tells where it is not alone.
func (acc *Account) enter(v *Visit, e *event.Event) {
	at := acc.presence(v.Proto)
	at.now++
	at.most = max(at.most, at.now)
	if at.now > 1 && v.Proto == "imap" {
		acc.sign("several", e, "", 0, func(int64) string {
			return "several IMAP sessions are open at once, and none keeps another out"
		})
	}
}

// keptOut tells that a login was refused since another session has the maildrop.
func (acc *Account) keptOut(v *Visit, e *event.Event) {
	acc.Refused++
	holder := ""
	for _, other := range acc.Visits {
		if other.Proto == "pop3" && !other.over {
			holder = " while the " + other.title() + " is open"
		}
	}
	acc.sign("in-use "+v.Session, e, "", 0, func(int64) string {
		return "the " + v.title() + " is kept out" + holder + ": the server lets in one POP3 session at a time"
	})
}

// found holds the number of messages that a session finds against what the last
// one left there.
func (acc *Account) found(b *box, v *Visit, e *event.Event, a act) {
	b.known, b.n = true, a.n
	c := b.last
	if c == nil || c.by == v || c.left != a.n {
		return
	}
	acc.bites(c, v)
	me, other := "the "+v.title(), "the "+c.by.title()
	acc.sign("found "+c.id, e, c.id, 0, func(int64) string {
		switch {
		case c.kind == actGone && a.n == 0:
			return me + " finds " + a.mailbox + " empty: " + other + " took out " + messages(c.n)
		case c.kind == actGone:
			return me + " finds " + messages(a.n) + " in " + a.mailbox + ": " + other + " took out " + messages(c.n)
		}
		return me + " still finds " + messages(a.n) + " in " + a.mailbox + ": " + other + " downloaded " + messages(c.n) + " and left " + it(int(c.n)) + " there"
	})
}

// saw holds flags that a session is told against those that others changed.
func (acc *Account) saw(b *box, v *Visit, e *event.Event, a act) {
	for i := len(b.changes) - 1; i >= 0; i-- {
		c := b.changes[i]
		if c.kind != actFlags || c.by == v || c.seen[v.Session] > 0 || !c.shows(a) {
			continue
		}
		c.mark(v, 1)
		acc.sign("flags "+c.by.Device+"\x00"+v.Device+a.mailbox, e, c.id, 0, func(n int64) string {
			return "what the " + c.by.title() + " marked as " + flagNames(c.act) + " in " + a.mailbox + ", the " + v.title() + " sees so too: with IMAP marks are on the server"
		})
		return
	}
}

// shows reports whether a FETCH response shows what c changed: on the same
// message, as far as both name it by UID, and else as news.
func (c *change) shows(a act) bool {
	if !c.uids.IsZero() && !c.uids.Saved && a.data.UID != 0 {
		if !c.uids.Contains(a.data.UID, 0) {
			return false
		}
	} else if !a.news {
		return false
	}
	for _, f := range c.flags {
		if hasFlag(a.data.Flags, f) == c.cleared {
			return false
		}
	}
	return len(c.flags) > 0
}

// flagNames are the flags of a change as people know them.
func flagNames(a act) string {
	var list []string
	for _, f := range a.flags {
		list = append(list, markWords(string(f))[map[bool]int{true: 1}[a.cleared]])
	}
	return names(list)
}

// noticed holds messages that vanish or arrive under a session against what
// others took away or put in.
func (acc *Account) noticed(b *box, v *Visit, e *event.Event, a act) {
	from, did, what, whats := actGone, "took out of ", "vanishes from", "vanish from"
	if a.kind == actArrived {
		from, did, what, whats = actStored, "put into ", "shows up in", "show up in"
	}
	left := a.n
	for i := len(b.changes) - 1; i >= 0 && left > 0; i-- {
		c := b.changes[i]
		n := min(left, c.n-c.seen[v.Session])
		if c.kind != from || c.by == v || n <= 0 {
			continue
		}
		left -= n
		c.mark(v, n)
		acc.bites(c, v)
		acc.sign(what+c.by.Session+v.Session+a.mailbox, e, c.id, n, func(n int64) string {
			verb := whats
			if n == 1 {
				verb = what
			}
			return messages(n) + " that the " + c.by.title() + " " + did + a.mailbox + " " + verb + " the " + v.title()
		})
	}
}

// bites notes that a session misses what another one took away.
func (acc *Account) bites(c *change, v *Visit) {
	acc.bitten = acc.bitten || c.kind == actGone && c.by.Proto == "pop3" && v.Proto == "imap"
}

func (c *change) mark(v *Visit, n int64) {
	if c.seen == nil {
		c.seen = map[string]int64{}
	}
	c.seen[v.Session] += n
}
