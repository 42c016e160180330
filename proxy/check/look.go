package check

import (
	"fmt"
	"strconv"
	"strings"

	"mailtap/parse/imap/syntax"
	"mailtap/parse/pop3"
)

const (
	maxMailboxes = 200 // that are listed in a report
	maxCounted   = 50  // whose messages are counted: each costs a STATUS
)

// lookAtMailboxes sees what an IMAP user has, and changes nothing.
func (c *checker) lookAtMailboxes(k *talk, caps []string, s *Server) *Mailboxes {
	m := &Mailboxes{Mailboxes: []Mailbox{}, AppendLimit: argument(caps, "APPENDLIMIT")}
	if hasCap(caps, "ID") { // some providers want it before anything else
		if a := k.ask("ID", `("name" "mailtap")`); a.ok() {
			s.Software = software(a)
		}
	}
	if hasCap(caps, "NAMESPACE") || hasCap(caps, "IMAP4rev2") {
		m.namespaces(k.ask("NAMESPACE", ""))
	}
	m.list(k, caps)
	m.count(k, caps)
	if hasCap(caps, "QUOTA") || strings.Contains(strings.ToUpper(strings.Join(caps, " ")), "QUOTA=") {
		m.quota(k.ask("GETQUOTAROOT", "INBOX"))
	}
	m.idle(k, caps)
	return m
}

// software is what a server calls itself in its answer to ID.
func software(a answer) string {
	for _, e := range a.untagged {
		if d, ok := e.Data.(*syntax.ID); ok {
			var words []string
			for _, want := range []string{"name", "version"} {
				for _, f := range d.Params {
					if strings.EqualFold(f.Name, want) && f.Value != nil {
						words = append(words, clean(*f.Value))
					}
				}
			}
			return strings.Join(words, " ")
		}
	}
	return ""
}

func (m *Mailboxes) namespaces(a answer) {
	for _, e := range a.untagged {
		d, ok := e.Data.(*syntax.NamespaceData)
		if !ok {
			continue
		}
		for i, kind := range []string{"personal", "other users'", "shared"} {
			for _, n := range [][]syntax.Namespace{d.Personal, d.Others, d.Shared}[i] {
				delimiter := "no delimiter"
				if n.Delimiter != nil {
					delimiter = "delimiter " + strconv.Quote(clean(*n.Delimiter))
				}
				m.Namespaces = append(m.Namespaces, fmt.Sprintf("%s: prefix %q, %s", kind, clean(n.Prefix.Name), delimiter))
			}
		}
	}
}

// list asks for all mailboxes, with their use where the server knows it.
func (m *Mailboxes) list(k *talk, caps []string) {
	args := `"" "*"`
	if hasCap(caps, "SPECIAL-USE") && (hasCap(caps, "LIST-EXTENDED") || hasCap(caps, "IMAP4rev2")) {
		args += " RETURN (SPECIAL-USE)"
	}
	for _, e := range k.ask("LIST", args).untagged {
		d, ok := e.Data.(*syntax.ListData)
		if !ok {
			continue
		}
		m.Count++
		if len(m.Mailboxes) == maxMailboxes {
			continue
		}
		box := Mailbox{Name: clean(d.Mailbox.Name), wire: d.Mailbox.Wire}
		if box.wire == "" {
			box.wire = d.Mailbox.Name
		}
		for _, a := range d.Attributes {
			switch strings.ToLower(a) {
			case `\noselect`, `\nonexistent`:
				box.Closed = true
			case `\all`, `\archive`, `\drafts`, `\flagged`, `\junk`, `\sent`, `\trash`, `\important`:
				box.Use = clean(a)
			}
		}
		m.Mailboxes = append(m.Mailboxes, box)
	}
}

// count asks for the counts of mailboxes.
func (m *Mailboxes) count(k *talk, caps []string) {
	items := "MESSAGES UNSEEN UIDVALIDITY"
	m.Sized = hasCap(caps, "STATUS=SIZE") || hasCap(caps, "IMAP4rev2")
	if m.Sized {
		items += " SIZE"
	}
	for i := range m.Mailboxes {
		box := &m.Mailboxes[i]
		if box.Closed || m.Counted == maxCounted || !quotable(box.wire) {
			continue
		}
		a := k.ask("STATUS", quote(box.wire)+" ("+items+")")
		if a.err != nil {
			return
		}
		for _, e := range a.untagged {
			if d, ok := e.Data.(*syntax.StatusData); ok {
				box.Messages, box.Unseen, box.Octets = d.Messages.N, d.Unseen.N, d.Size.N
				m.Counted++
				m.Messages += d.Messages.N
				m.Octets += d.Size.N
			}
		}
	}
}

func (m *Mailboxes) quota(a answer) {
	for _, e := range a.untagged {
		if d, ok := e.Data.(*syntax.QuotaData); ok {
			for _, r := range d.Resources {
				m.Quota = append(m.Quota, QuotaUsage{clean(d.Root), clean(r.Resource), r.Usage, r.Limit})
			}
		}
	}
}

// idle opens INBOX without changing it, and sees whether IDLE is answered.
func (m *Mailboxes) idle(k *talk, caps []string) {
	if !hasCap(caps, "IDLE") && !hasCap(caps, "IMAP4rev2") {
		m.Idle = "not offered"
		return
	}
	if a := k.ask("EXAMINE", "INBOX"); !a.ok() {
		m.Idle = "not tried: INBOX cannot be opened: " + a.said()
		return
	}
	if a := k.ask("IDLE", "", "DONE"); a.ok() {
		m.Idle = "works"
	} else {
		m.Idle = "offered, and fails: " + a.said()
	}
}

// unanswered is what is said of a command whose answer did not come.
const unanswered = "not answered: "

// lookAtMaildrop sees what a POP3 user has, and marks nothing.
func (c *checker) lookAtMaildrop(k *talk, caps []string) *Maildrop {
	d := &Maildrop{Expire: argument(caps, "EXPIRE"), LoginDelay: argument(caps, "LOGIN-DELAY")}
	if a := k.ask("STAT", ""); a.ok() {
		if stat, ok := a.done.Data.(*pop3.Stat); ok {
			d.Messages, d.Octets = stat.Messages, stat.Octets
		}
	}
	a := k.ask("UIDL", "")
	d.UIDLWorks = a.ok()
	switch {
	case a.err != nil:
		d.UIDL = unanswered + a.said()
	case !d.UIDLWorks:
		d.UIDL = "refused: " + a.said()
	default:
		d.UIDL = "works"
		if list, ok := a.done.Data.(*pop3.Listing); ok {
			if list.Count != d.Messages {
				d.UIDL = fmt.Sprintf("gives %d unique-ids for %d messages", list.Count, d.Messages)
			}
			if twice := repeated(list.List); twice != "" {
				d.UIDL, d.UIDLWorks = fmt.Sprintf("gives the unique-id %q to more than one message", clean(twice)), false
			}
		}
	}
	return d
}

// repeated is a unique-id that stands twice in a listing (RFC 1939 §7 forbids it).
func repeated(list []pop3.Scan) string {
	seen := map[string]bool{}
	for _, s := range list {
		if seen[s.UID] && s.UID != "" {
			return s.UID
		}
		seen[s.UID] = true
	}
	return ""
}
