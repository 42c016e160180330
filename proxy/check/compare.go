package check

import (
	"fmt"
	"strings"

	"mailtap/parse/layout"
)

// compare is IMAP and POP3 beside each other, from what was seen of them here:
// with a login by this user's mail, without one by what the servers offer.
func compare(imap, pop *Server) []Row {
	m, d := mailboxesOf(imap), maildropOf(pop)
	rows := []Row{
		{"what a device shows", shows(m), inboxOnly(d)},
		{"where the mail is", "on the server: every device sees the same", leaves(pop, d)},
		{"the first download", download(m), firstFetch(d)},
		{"read and answered marks", marks(m), "each device has its own: what is read here stays new there"},
		{"sent mail and trash", uses(m), "on the device that made them"},
		{"new mail", push(imap, m), polls(pop, d)},
		{"two devices at once", "as many as the server allows", "one session at a time, by the rules of POP3"},
	}
	if d != nil && d.Expire != "" {
		rows = append(rows, Row{"what the server deletes", "nothing by itself, as far as it says", expire(d.Expire)})
	}
	if m != nil && len(m.Quota) > 0 {
		rows = append(rows, Row{"room on the server", m.Quota[0].words() + "; mail stays there", "the same room; fetching with deletion makes it free"})
	}
	return rows
}

// words are how full something is: "1.0 MB of 104.9 MB are used (User quota)".
func (q QuotaUsage) words() string {
	of := fmt.Sprintf("%d of %d %s", q.Usage, q.Limit, strings.ToLower(q.Resource))
	if q.Resource == "STORAGE" {
		of = layout.Size(q.Usage*1024) + " of " + layout.Size(q.Limit*1024)
	}
	if q.Root == "" {
		return of + " are used"
	}
	return of + " are used (" + q.Root + ")"
}

func mailboxesOf(s *Server) *Mailboxes {
	if s.Login == nil {
		return nil
	}
	return s.Login.IMAP
}

func maildropOf(s *Server) *Maildrop {
	if s.Login == nil {
		return nil
	}
	return s.Login.POP3
}

func plural(n uint64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if strings.HasSuffix(one, "x") {
		return fmt.Sprintf("%d %ses", n, one)
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func shows(m *Mailboxes) string {
	if m == nil {
		return "all mailboxes"
	}
	text := fmt.Sprintf("%s with %s", plural(uint64(m.Count), "mailbox"), plural(m.Messages, "message"))
	if m.Sized {
		text += ", " + layout.Size(m.Octets)
	}
	if m.Counted < m.Count {
		text += fmt.Sprintf(" (in the %d that were counted)", m.Counted)
	}
	return text
}

func inboxOnly(d *Maildrop) string {
	if d == nil {
		return "INBOX alone"
	}
	return fmt.Sprintf("INBOX alone: %s, %s", plural(uint64(d.Messages), "message"), layout.Size(int64(d.Octets)))
}

func leaves(s *Server, d *Maildrop) string {
	switch {
	case d != nil && !d.UIDLWorks, d == nil && s.Capabilities.TLS != nil && !hasCap(s.Capabilities.TLS, "UIDL"):
		return "on the device that fetched it: without UIDL it cannot be left on the server in good order"
	case d != nil && strings.HasPrefix(d.Expire, "0"):
		return "on the device that fetched it: the server does not let mail be left there"
	}
	return "on the device that fetched it; also on the server with \"Leave messages on server\" (UIDL " + offered(d) + ")"
}

func offered(d *Maildrop) string {
	if d == nil {
		return "is offered"
	}
	return "works"
}

func download(m *Mailboxes) string {
	if m == nil || !m.Sized {
		return "a list of messages; each message when it is opened"
	}
	return "a list of messages; each message when it is opened, or all " + layout.Size(m.Octets) + " for offline use"
}

func firstFetch(d *Maildrop) string {
	if d == nil {
		return "every message in INBOX, on each device"
	}
	return fmt.Sprintf("all of INBOX, %s, on each device", layout.Size(int64(d.Octets)))
}

func marks(m *Mailboxes) string {
	if m == nil {
		return "the same on every device"
	}
	var unseen uint64
	for _, box := range m.Mailboxes {
		unseen += box.Unseen
	}
	return fmt.Sprintf("the same on every device (%d unread now)", unseen)
}

// uses says which mailboxes are for what, as the server tells clients.
func uses(m *Mailboxes) string {
	if m == nil {
		return "in mailboxes on the server"
	}
	var list []string
	for _, box := range m.Mailboxes {
		if box.Use == `\Sent` || box.Use == `\Trash` {
			list = append(list, fmt.Sprintf("%s (%s)", box.Name, box.Use))
		}
	}
	if len(list) == 0 {
		return "in mailboxes on the server; it does not say in which: set them in each client"
	}
	return "on the server: " + strings.Join(list, ", ")
}

func push(s *Server, m *Mailboxes) string {
	switch {
	case m != nil && m.Idle == "works":
		return "at once (IDLE works)"
	case m != nil && m.Idle != "":
		return "when the client checks (IDLE is " + m.Idle + ")"
	case hasCap(s.Capabilities.TLS, "IDLE"):
		return "at once (IDLE is offered)"
	}
	return "at once where the server offers IDLE after the login"
}

func polls(s *Server, d *Maildrop) string {
	delay := argument(s.Capabilities.TLS, "LOGIN-DELAY")
	if d != nil {
		delay = d.LoginDelay
	}
	if delay == "" || strings.HasPrefix(delay, "0") {
		return "when the client checks"
	}
	return "when the client checks, at most every " + word(delay) + " s (LOGIN-DELAY)"
}

func expire(text string) string {
	days := word(text)
	switch {
	case strings.EqualFold(days, "NEVER"):
		return "nothing (EXPIRE NEVER)"
	case days == "0":
		return "mail as soon as it was fetched (EXPIRE 0)"
	}
	return "mail " + days + " days after it was fetched (EXPIRE " + text + ")"
}
