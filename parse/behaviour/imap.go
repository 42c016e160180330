package behaviour

import (
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// IMAP is what a session did with mailboxes (RFC 9051).
type IMAP struct {
	Mailboxes []*Mailbox `json:"mailboxes,omitempty"` // that were opened, in order
	Headers   int        `json:"headers"`             // messages whose headers or envelope were fetched
	Parts     int        `json:"parts"`               // parts and partial texts that were fetched
	Bodies    int        `json:"bodies"`              // whole messages that were fetched
	Got       int64      `json:"fetched_octets"`      // of message text
	Flagged   int        `json:"flags_changed"`       // STORE commands that worked
	Deleted   int        `json:"marked_deleted"`      // of these, with \Deleted
	Expunged  int        `json:"expunged"`            // messages that went on the session's own EXPUNGE, CLOSE, MOVE
	Moved     int        `json:"moved"`               // MOVE commands
	Copied    int        `json:"copied"`              // COPY commands
	Appended  int        `json:"appended"`
	Created   []string   `json:"created,omitempty"`
	Renamed   []string   `json:"renamed,omitempty"`
	Removed   []string   `json:"removed,omitempty"`
	Searches  int        `json:"searches,omitempty"`
	Idles     int        `json:"idles"`
	Idled     int64      `json:"idled_ms"`
	News      int        `json:"news"` // unilateral data: what others did meanwhile
	Quota     *Quota     `json:"quota,omitempty"`

	idle    time.Time
	current *Mailbox
	args    map[int64]any // of open commands, by seq
}

// Mailbox is a mailbox that was opened.
type Mailbox struct {
	Name     string `json:"name"`
	ReadOnly bool   `json:"read_only,omitempty"`
	Exists   uint32 `json:"exists"`

	whole map[uint32]bool // messages fetched whole, by sequence number
}

// Quota is how full the account is, in octets.
type Quota struct {
	Used  int64 `json:"used"`
	Limit int64 `json:"limit"`
}

func (m *IMAP) see(e *event.Event) {
	switch {
	case e.Kind == event.KindCommand:
		m.command(e)
	case e.Kind == event.KindClientData && !m.idle.IsZero():
		m.Idled += e.Time.Sub(m.idle).Milliseconds()
		m.idle = time.Time{}
	case e.Completes:
		m.completed(e)
	case e.Kind == event.KindResponse:
		m.data(e)
	}
}

func (m *IMAP) command(e *event.Event) {
	if m.args == nil {
		m.args = map[int64]any{}
	}
	m.args[e.Seq] = e.Data
	switch e.Name {
	case "IDLE":
		m.Idles++
		m.idle = e.Time
	case "SELECT", "EXAMINE":
		if a, ok := e.Data.(*syntax.SelectArgs); ok {
			m.current = &Mailbox{Name: a.Mailbox.Name, ReadOnly: e.Name == "EXAMINE", whole: map[uint32]bool{}}
		}
	}
}

// completed counts what worked.
func (m *IMAP) completed(e *event.Event) {
	args := m.args[e.Cmd]
	delete(m.args, e.Cmd)
	if e.Status != "OK" {
		return
	}
	switch name := strings.TrimPrefix(e.For, "UID "); name {
	case "SELECT", "EXAMINE":
		if m.current != nil {
			m.Mailboxes = append(m.Mailboxes, m.current)
		}
	case "STORE":
		m.stored(args)
	case "MOVE":
		m.Moved++
	case "COPY":
		m.Copied++
	case "APPEND":
		m.Appended++
	case "SEARCH", "SORT", "THREAD":
		m.Searches++
	case "CREATE":
		if a, ok := args.(*syntax.CreateArgs); ok {
			m.Created = append(m.Created, a.Mailbox.Name)
		}
	case "RENAME":
		if a, ok := args.(*syntax.RenameArgs); ok {
			m.Renamed = append(m.Renamed, a.From.Name+" to "+a.To.Name)
		}
	case "DELETE":
		if a, ok := args.(*syntax.MailboxArgs); ok {
			m.Removed = append(m.Removed, a.Mailbox.Name)
		}
	}
}

func (m *IMAP) stored(args any) {
	m.Flagged++
	a, ok := args.(*syntax.StoreArgs)
	if !ok || a.Op == "-" {
		return
	}
	for _, f := range a.Flags {
		if strings.EqualFold(string(f), string(imap.FlagDeleted)) {
			m.Deleted++
			return
		}
	}
}

// data counts what the server sent.
func (m *IMAP) data(e *event.Event) {
	if e.For == "" && (e.Name == "EXISTS" || e.Name == "EXPUNGE" || e.Name == "FETCH" || e.Name == "VANISHED") {
		m.News++
	}
	switch d := e.Data.(type) {
	case *syntax.NumberData:
		switch {
		case e.Name == "EXISTS" && m.current != nil:
			m.current.Exists = d.Number
		case e.Name == "EXPUNGE" && e.For != "":
			m.Expunged++
		}
	case *syntax.VanishedData:
		if n, ok := d.UIDs.Count(); ok && e.For != "" && !d.Earlier {
			m.Expunged += int(n)
		}
	case *syntax.FetchData:
		m.fetched(d)
	case *syntax.QuotaData:
		m.quota(d)
	}
}

// fetched counts one FETCH response: a header or envelope, parts, a whole message.
func (m *IMAP) fetched(d *syntax.FetchData) {
	header, part, whole := d.Envelope != nil, false, false
	for i := range d.Content {
		c := &d.Content[i]
		if !c.Size.Known {
			continue
		}
		m.Got += int64(c.Size.N)
		switch {
		case c.Whole():
			whole = true
		case strings.HasPrefix(c.Text, "HEADER"), c.Item == "RFC822.HEADER", c.Text == "MIME":
			header = true
		default:
			part = true
		}
	}
	if whole {
		m.Bodies++
		if m.current != nil && m.current.whole != nil {
			m.current.whole[d.Seq] = true
		}
	}
	if part {
		m.Parts++
	}
	if header {
		m.Headers++
	}
}

func (m *IMAP) quota(d *syntax.QuotaData) {
	for _, r := range d.Resources {
		if r.Resource == "STORAGE" {
			m.Quota = &Quota{Used: int64(r.Usage) * 1024, Limit: int64(r.Limit) * 1024}
		}
	}
}

// Offline tells whether the session took whole mailboxes: nearly every message
// of one with at least three.
func (m *IMAP) Offline() bool {
	for _, b := range m.Mailboxes {
		if b.Exists >= 3 && len(b.whole)*10 >= int(b.Exists)*9 {
			return true
		}
	}
	return false
}

// Summary words it.
func (m *IMAP) Summary() string {
	parts := m.opened()
	parts = append(parts, m.read()...)
	parts = append(parts, m.changed()...)
	if m.Idles > 0 {
		parts = append(parts, "waited for news "+count(m.Idles, "time", "times")+" (IDLE)")
	}
	if len(parts) == 0 {
		return "logged in and did nothing with the mail"
	}
	text := listed(parts)
	if m.Bodies > 0 || m.Parts > 0 || m.Headers > 0 {
		text += "; all of it stays on the server"
	}
	if q := m.Quota; q != nil && q.Limit > 0 {
		text += "; " + octets(q.Used) + " of " + octets(q.Limit) + " are used"
	}
	return text
}

func (m *IMAP) opened() []string {
	seen := map[string]bool{}
	var names []string
	for _, b := range m.Mailboxes {
		if !seen[b.Name] {
			seen[b.Name] = true
			names = append(names, b.Name)
		}
	}
	switch {
	case len(names) == 0:
		return nil
	case len(names) <= 3:
		return []string{"opened " + listed(names)}
	}
	return []string{"opened " + count(len(names), "mailbox", "mailboxes")}
}

func (m *IMAP) read() []string {
	var parts []string
	if m.Headers > 0 {
		parts = append(parts, "looked at the headers of "+messages(m.Headers))
	}
	if m.Bodies > 0 {
		how := " on demand"
		if m.Offline() {
			how = " for offline use, all at once"
		}
		parts = append(parts, "fetched "+count(m.Bodies, "whole message", "whole messages")+how+" ("+octets(m.Got)+")")
	}
	if m.Parts > 0 {
		parts = append(parts, "fetched "+count(m.Parts, "part", "parts")+" of messages as they were opened")
	}
	return parts
}

func (m *IMAP) changed() []string {
	var parts []string
	add := func(n int, verb, one, many string) {
		if n > 0 {
			parts = append(parts, verb+" "+count(n, one, many))
		}
	}
	add(m.Flagged, "changed flags", "time", "times")
	add(m.Moved, "moved mail", "time", "times")
	add(m.Copied, "copied mail", "time", "times")
	add(m.Appended, "stored", "message", "messages")
	add(m.Expunged, "removed", "message", "messages")
	for _, did := range []struct {
		verb  string
		names []string
	}{{"created", m.Created}, {"renamed", m.Renamed}, {"deleted the mailbox", m.Removed}} {
		if len(did.names) > 0 {
			parts = append(parts, did.verb+" "+listed(did.names))
		}
	}
	return parts
}
