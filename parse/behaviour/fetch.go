package behaviour

import (
	"strings"

	"github.com/emersion/go-imap/v2"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// fetched counts one FETCH response: a header or envelope, parts, a whole message.
func (m *IMAP) fetched(e *event.Event, o *open, d *syntax.FetchData, acts *[]act) {
	b := m.current
	if b == nil {
		return
	}
	number := d.Seq
	if number == 0 {
		number = d.UID // UIDFETCH (RFC 9586)
	}
	header, part, whole := d.Envelope != nil, false, false
	for i := range d.Content {
		c := &d.Content[i]
		if !c.Size.Known {
			continue
		}
		m.Got += int64(c.Size.N)
		switch {
		case c.Whole(), c.Part == "" && (c.Text == "TEXT" || c.Item == "RFC822.TEXT") && !c.Offset.Known && b.headers.has(number):
			whole = true // fetchmail takes a message in these two parts
		case strings.HasPrefix(c.Text, "HEADER"), c.Item == "RFC822.HEADER", c.Text == "MIME":
			header = true
		default:
			part = true
		}
	}
	if whole && b.whole.add(number) {
		m.Bodies++
		b.Whole++
	}
	if part && b.parts.add(number) {
		m.Parts++
	}
	if header && b.headers.add(number) {
		m.Headers++
	}
	o.fetched++
	if whole {
		o.whole++
		m.several = m.several || o.whole > 1
	}
	m.told(e, o, d, acts)
}

// told follows the flags in a FETCH response. A text that was fetched without
// PEEK sets \Seen, and the server says so where nobody had asked for flags.
func (m *IMAP) told(e *event.Event, o *open, d *syntax.FetchData, acts *[]act) {
	if d.Flags == nil || strings.HasSuffix(e.For, "STORE") {
		return
	}
	news := !asked(e)
	if news {
		m.News.Flagged++
	}
	if a, ok := o.args.(*syntax.FetchArgs); ok && len(d.Content) > 0 && reads(a) && !a.Has("FLAGS") && hasFlag(d.Flags, imap.FlagSeen) {
		m.Flagged++
		m.flag(imap.FlagSeen, "+", 1)
		did := act{kind: actFlags, mailbox: m.current.Name, n: 1, flags: []imap.Flag{imap.FlagSeen}}
		if d.UID != 0 {
			did.uids = syntax.NumSet{Ranges: []imap.SeqRange{{Start: d.UID, Stop: d.UID}}}
		}
		*acts = append(*acts, did)
		return
	}
	*acts = append(*acts, act{kind: actSaw, mailbox: m.current.Name, data: d, news: news})
}

// reads reports whether a FETCH sets \Seen on what it fetches (RFC 9051 §6.4.5).
func reads(a *syntax.FetchArgs) bool {
	for _, i := range a.Items {
		switch i.Name {
		case "RFC822", "RFC822.TEXT":
			return true
		case "BODY", "BINARY":
			if i.Section != nil {
				return true
			}
		}
	}
	return false
}

func hasFlag(list []imap.Flag, flag imap.Flag) bool {
	for _, f := range list {
		if strings.EqualFold(string(f), string(flag)) {
			return true
		}
	}
	return false
}
