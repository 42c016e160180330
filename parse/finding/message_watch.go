package finding

import (
	"fmt"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// messageWatch is what is remembered of the messages in the selected mailbox.
type messageWatch struct {
	deleted *event.Event    // STORE +FLAGS (\Deleted) that nothing followed
	count   int             // how many such commands
	own     bool            // this session marked messages in this mailbox
	others  map[uint32]bool // messages that were found marked, by sequence number
	expunge *event.Event    // a plain EXPUNGE under way
	gone    int             // of others, while it ran
	sizes   map[uint32]uint64
}

const mostSizes = 10000 // messages whose size is remembered

func detectMessages(w *Watch, e *event.Event) {
	m := &w.mail
	switch {
	case w.proto != event.IMAP:
	case e.Kind == event.KindCommand:
		w.messageCommand(e)
	case e.Kind == event.KindResponse && e.Status == "":
		w.messageData(e)
	case e.Completes && succeeded(e):
		w.messageDone(e)
	case e.Completes && m.expunge != nil && e.Cmd == m.expunge.Seq:
		m.expunge = nil
	case e.Kind == event.KindSessionClose && m.deleted != nil && e.Close != nil && w.provider() != google:
		w.tell(report{id: "mbox.deleted-not-expunged", evidence: []*event.Event{m.deleted}})
	}
}

func (w *Watch) messageCommand(e *event.Event) {
	if e.Name == "EXPUNGE" {
		w.mail.expunge, w.mail.gone = e, 0
	}
}

func (w *Watch) messageDone(e *event.Event) {
	m := &w.mail
	switch e.For {
	case "STORE", "UID STORE":
		cmd := w.command(e)
		a, ok := cmd.Data.(*syntax.StoreArgs)
		if !ok || !slices.ContainsFunc(a.Flags, func(f imap.Flag) bool { return strings.EqualFold(string(f), `\Deleted`) }) {
			return
		}
		if a.Op == "-" {
			m.deleted = nil
			return
		}
		m.deleted, m.own = cmd, true
		m.count++
	case "SELECT", "EXAMINE", "UNSELECT":
		m.others, m.sizes, m.own = nil, nil, false
	case "EXPUNGE":
		if m.expunge != nil && m.gone > 0 {
			w.tell(report{id: "mbox.expunge-others", detail: fmt.Sprintf("%d that this session had not marked", m.gone), evidence: []*event.Event{m.expunge, e}})
		}
		m.expunge, m.deleted, m.others = nil, nil, nil
	case "CLOSE", "UID EXPUNGE":
		m.deleted, m.others = nil, nil
	}
}

func (w *Watch) messageData(e *event.Event) {
	m := &w.mail
	switch d := e.Data.(type) {
	case *syntax.FetchData:
		if slices.ContainsFunc(d.Flags, func(f imap.Flag) bool { return strings.EqualFold(string(f), `\Deleted`) }) && !m.own && len(m.others) < mostSizes && e.For != "STORE" && e.For != "UID STORE" {
			if m.others == nil {
				m.others = map[uint32]bool{}
			}
			m.others[d.Seq] = true
		}
		w.sizesOf(e, d)
	case *syntax.NumberData:
		if e.Name == "EXPUNGE" {
			w.expunged(d.Number)
		}
	case *syntax.VanishedData:
		if !d.Earlier {
			m.sizes, m.others = nil, nil
		}
	}
}

// expunged takes a message away: those behind it move up.
func (w *Watch) expunged(n uint32) {
	m := &w.mail
	if m.expunge != nil && m.others[n] {
		m.gone++
	}
	if m.expunge == nil && m.deleted != nil && len(w.open) == 0 {
		m.deleted = nil // the server removes what is marked by itself
	}
	m.others, m.sizes = without(m.others, n), without(m.sizes, n)
}

// without is a map by sequence number behind the expunging of n.
func without[T any](m map[uint32]T, n uint32) map[uint32]T {
	if len(m) == 0 {
		return m
	}
	rest := make(map[uint32]T, len(m))
	for k, v := range m {
		switch {
		case k < n:
			rest[k] = v
		case k > n:
			rest[k-1] = v
		}
	}
	return rest
}

// sizesOf holds the size that the server announces against the message's that
// it sends (RFC 9051 §2.3.4).
func (w *Watch) sizesOf(e *event.Event, d *syntax.FetchData) {
	m := &w.mail
	if d.Size.Known && len(m.sizes) < mostSizes && d.Seq > 0 {
		if m.sizes == nil {
			m.sizes = map[uint32]uint64{}
		}
		m.sizes[d.Seq] = d.Size.N
	}
	announced, ok := m.sizes[d.Seq]
	if !ok {
		return
	}
	for i := range d.Content {
		if c := &d.Content[i]; c.Whole() && c.Size.Known && c.Size.N != announced {
			w.tell(report{id: "stream.size-mismatch", key: e.Mailbox, detail: fmt.Sprintf("message %d: announced %d bytes, sent %d (%+d)", d.Seq, announced, c.Size.N, int64(c.Size.N)-int64(announced))})
		}
	}
}
