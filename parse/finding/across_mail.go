package finding

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// validity is a mailbox's UIDVALIDITY and who said it.
type validity struct {
	n    uint64
	id   string
	when string
}

// sentMail is what is known to lie in a mailbox for sent mail: by Message-ID
// the event that told of it, and which message it was.
type sentMail map[string]sentMessage

type sentMessage struct {
	event string
	uid   uint32 // 0 where it is not known
}

const mostSent = 2000 // of a mailbox

// mail takes what an account's sessions tell of its mail.
func (acc *account) mail(e *event.Event, v *visit) []*event.Event {
	if v.proto == event.POP3 {
		return acc.maildrop(e, v)
	}
	switch d := e.Data.(type) {
	case *syntax.Status:
		if n, ok := d.Args.(*syntax.NumberCode); ok && d.Code == "UIDVALIDITY" {
			return acc.uidValidity(e, v.selecting(e), n.Number)
		}
	case *syntax.StatusData:
		if d.UIDValidity.Known {
			return acc.uidValidity(e, d.Mailbox.Name, d.UIDValidity.N)
		}
	case *syntax.ListData:
		if role := roleOf(d); role != "" && len(acc.roles) < most {
			acc.roles[d.Mailbox.Name] = role
		}
	case *syntax.FetchData:
		return acc.fetched(e, d)
	}
	if e.Completes {
		return acc.completed(e, v)
	}
	return nil
}

// selecting is the mailbox that an untagged response of SELECT is about.
func (v *visit) selecting(e *event.Event) string {
	if cmd := v.args[e.Cmd]; cmd != nil && (cmd.Name == "SELECT" || cmd.Name == "EXAMINE") {
		return mailboxOf(cmd).Name
	}
	return e.Mailbox
}

// completed follows commands that make a mailbox a new one, or store a message.
func (acc *account) completed(e *event.Event, v *visit) []*event.Event {
	cmd := v.args[e.Cmd]
	delete(v.args, e.Cmd)
	if cmd == nil || !succeeded(e) {
		return nil
	}
	switch e.For {
	case "CREATE", "DELETE", "RENAME":
		delete(acc.validity, mailboxOf(cmd).Name)
	case "APPEND":
		return acc.appended(e, cmd, v)
	}
	return nil
}

func (acc *account) uidValidity(e *event.Event, mailbox string, n uint64) []*event.Event {
	if n == 0 || mailbox == "" {
		return nil
	}
	before, ok := acc.validity[mailbox]
	if ok || len(acc.validity) < most {
		acc.validity[mailbox] = validity{n, e.ID(), e.Time.UTC().Format("2006-01-02 15:04:05")}
	}
	if !ok || before.n == n {
		return nil
	}
	return []*event.Event{New("mbox.uidvalidity", fmt.Sprintf("%s%s%d at %s, and %d now", mailbox, changed, before.n, before.when, n), before.id, e.ID())}
}

// changed stands between a mailbox's name and its UIDVALIDITY then and now.
const changed = ": UIDVALIDITY was "

// keepsSent tells whether a mailbox is for sent mail.
func (acc *account) keepsSent(mailbox string) bool {
	if role, ok := acc.roles[mailbox]; ok {
		return role == `\sent`
	}
	return useOf(lastPart(mailbox)) == `\sent`
}

// appended finds a message stored by the client that is in the mailbox already.
func (acc *account) appended(e, cmd *event.Event, v *visit) []*event.Event {
	args, ok := cmd.Data.(*syntax.AppendArgs)
	if !ok || !acc.keepsSent(args.Mailbox.Name) {
		return nil
	}
	var uid uint32
	if s, ok := e.Data.(*syntax.Status); ok {
		if c, ok := s.Args.(*syntax.AppendUIDCode); ok {
			uid = c.UIDs.Last()
		}
	}
	var found []*event.Event
	for _, m := range args.Messages {
		if m.Header == nil || m.Header.MessageID == "" {
			continue
		}
		if before, known := acc.keepSent(args.Mailbox.Name, m.Header.MessageID, uid, e.ID()); known {
			found = append(found, New("mbox.double-sent", m.Header.MessageID+" in "+args.Mailbox.Name, before.event, e.ID()))
		}
	}
	if p := (&facts{upstream: hostOf("://" + v.server)}).provider(); len(found) == 0 && (p == google || p == microsoft) {
		found = append(found, New("mbox.double-sent", "the client stores a copy in "+args.Mailbox.Name+", and this provider files sent mail itself", cmd.ID(), e.ID()))
	}
	return found
}

// keepSent notes a message, and gives where it was met before: another message
// with its Message-ID.
func (acc *account) keepSent(mailbox, id string, uid uint32, where string) (before sentMessage, known bool) {
	box := acc.sent[mailbox]
	if box == nil {
		box = sentMail{}
		acc.sent[mailbox] = box
	}
	id = strings.Trim(id, "<> ")
	before, known = box[id]
	known = known && (uid == 0 || before.uid != uid)
	if len(box) < mostSent {
		box[id] = sentMessage{where, uid}
	}
	return before, known
}

// fetched notes which messages lie among the sent ones.
func (acc *account) fetched(e *event.Event, d *syntax.FetchData) []*event.Event {
	if d.UID == 0 || !acc.keepsSent(e.Mailbox) {
		return nil
	}
	id := ""
	if d.Envelope != nil {
		id = d.Envelope.MessageID
	}
	for i := range d.Content {
		if h := d.Content[i].Header; h != nil && h.MessageID != "" {
			id = h.MessageID
		}
	}
	if id == "" {
		return nil
	}
	before, known := acc.keepSent(e.Mailbox, id, d.UID, e.ID())
	if !known || before.uid == 0 {
		return nil
	}
	return []*event.Event{New("mbox.double-sent", id+" lies in "+e.Mailbox+" twice", before.event, e.ID())}
}
