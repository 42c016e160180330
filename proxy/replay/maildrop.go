package replay

import (
	"fmt"
	"regexp"
	"strconv"

	"mailtap/parse/pop3"
)

// maildrop knows which of the server's messages stand for the recorded ones: by
// their unique-ids, by what was read of them, or since the maildrop is as large
// as it was, with messages of the same sizes.
type maildrop struct{ then, now drop }

// drop is one maildrop, as far as its listings and texts have told.
type drop struct {
	ids   map[int64]string // unique-ids
	by    map[string]int64 // messages by unique-id
	sizes map[int64]int64  // octets
	read  map[int64]int64  // octets of text that came
	count int64            // messages, by a listing of all
}

// learn takes a command that was answered.
func (d *drop) learn(c *answer) {
	if c.completion == nil || c.completion.Status != "+OK" {
		return
	}
	if d.ids == nil {
		*d = drop{ids: map[int64]string{}, by: map[string]int64{}, sizes: map[int64]int64{}, read: map[int64]int64{}}
	}
	switch x := c.completion.Data.(type) {
	case *pop3.Listing:
		d.count = x.Count
		for _, s := range x.List {
			d.scan(s)
		}
	case *pop3.Scan:
		d.scan(*x)
	case *pop3.Message:
		if a, ok := c.command.Data.(*pop3.Arguments); ok && a != nil && a.Message != nil && c.command.Name == "RETR" {
			d.read[*a.Message] = x.Octets
		}
	}
}

func (d *drop) scan(s pop3.Scan) {
	if s.UID != "" {
		d.ids[s.Message], d.by[s.UID] = s.UID, s.Message
	}
	if s.Octets != nil {
		d.sizes[s.Message] = *s.Octets
	}
}

// number is the message that stands for the recorded one; sure is false where
// it may be another.
func (m *maildrop) number(n int64) (now int64, sure bool) {
	if to, ok := m.now.by[m.then.ids[n]]; ok && m.then.ids[n] != "" {
		return to, true
	}
	if m.shares() { // then this message is one that is gone
		return n, false
	}
	if size, ok := m.then.read[n]; ok && size == m.now.read[n] {
		return n, true
	}
	size, ok := m.then.sizes[n]
	other, too := m.now.sizes[n]
	return n, ok && too && size == other && m.then.count == m.now.count
}

// shares reports whether a unique-id of both maildrops is the same: it is the
// recorded maildrop then.
func (m *maildrop) shares() bool {
	for id := range m.then.by {
		if _, ok := m.now.by[id]; ok {
			return true
		}
	}
	return false
}

// dropCommand is a command whose first argument is a message-number.
var dropCommand = regexp.MustCompile(`^(?i:RETR|TOP|DELE|LIST|UIDL) +([0-9]+)`)

// mapped is a command with its message-number as the server has it. One that
// deletes is not to be sent where it might hit another message than it did.
func (m *maildrop) mapped(t *Turn) (data []byte, why string) {
	at := dropCommand.FindSubmatchIndex(t.Data)
	if at == nil {
		return t.Data, ""
	}
	n, err := strconv.ParseInt(string(t.Data[at[2]:at[3]]), 10, 64)
	if err != nil {
		return t.Data, ""
	}
	to, sure := m.number(n)
	if !sure && t.Name == "DELE" {
		return nil, fmt.Sprintf("whether message %d of this maildrop is the recorded one is not known", n)
	}
	data = strconv.AppendInt(append(data, t.Data[:at[2]]...), to, 10)
	return append(data, t.Data[at[3]:]...), ""
}
