package finding

import (
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// streamWatch is what is remembered of the stream of responses.
type streamWatch struct {
	sizes map[message]uint64 // RFC822.SIZE
}

// message names a message of a session.
type message struct {
	mailbox string
	seq     uint32
}

const mostSizes = 10000 // messages whose size is remembered

func detectStream(w *Watch, e *event.Event) {
	switch {
	case e.Completes && succeeded(e) && e.For == "COMPRESS":
		w.tell(report{id: "compress.active"})
	case e.Kind == event.KindResponse && e.Name == "FETCH":
		w.sizesOf(e)
	case e.Kind == event.KindResponse && e.Error != "" && e.Proto == event.IMAP && !oddIndicator(e):
		w.tell(report{id: "stream.grammar", key: ruleOf(e.Error), detail: e.Error, severity: event.SeverityInfo})
	case e.Kind == event.KindResponse && e.Error != "" && e.Proto == event.POP3 && strings.Contains(e.Error, "stuff"):
		w.tell(report{id: "pop.dot-stuffing", detail: e.Error})
	case e.Kind == event.KindGreeting && w.foreign(e):
		w.tell(report{id: "proto.wrong-service", detail: e.Text})
	}
}

// foreign tells greetings of another protocol.
func (w *Watch) foreign(e *event.Event) bool {
	t := e.Text
	switch w.proto {
	case event.IMAP:
		return strings.HasPrefix(t, "+OK") || strings.HasPrefix(t, "-ERR") || smtpOrHTTP(t)
	case event.POP3:
		return strings.HasPrefix(t, "* ") || smtpOrHTTP(t)
	}
	return false
}

func smtpOrHTTP(t string) bool {
	return strings.HasPrefix(t, "HTTP/") || len(t) > 3 && (t[3] == ' ' || t[3] == '-') && t[0] >= '2' && t[0] <= '5' && t[1] >= '0' && t[1] <= '9' && t[2] >= '0' && t[2] <= '9'
}

// ruleOf is the grammar rule of an error: one finding for each.
func ruleOf(text string) string {
	rule, _, _ := strings.Cut(text, ":")
	return rule
}

// sizesOf holds the size that the server announces against the message's that
// it sends (RFC 9051 §2.3.4).
func (w *Watch) sizesOf(e *event.Event) {
	d, ok := e.Data.(*syntax.FetchData)
	if !ok || !d.Size.Known && len(d.Content) == 0 {
		return
	}
	key := message{e.Mailbox, d.Seq}
	if d.Size.Known && len(w.stream.sizes) < mostSizes {
		if w.stream.sizes == nil {
			w.stream.sizes = map[message]uint64{}
		}
		w.stream.sizes[key] = d.Size.N
	}
	announced, ok := w.stream.sizes[key]
	if !ok {
		return
	}
	for i := range d.Content {
		if c := &d.Content[i]; c.Whole() && c.Size.Known && c.Size.N != announced {
			w.tell(report{id: "stream.size-mismatch", key: e.Mailbox,
				detail: fmt.Sprintf("message %d: announced %d bytes, sent %d", d.Seq, announced, c.Size.N)})
		}
	}
}
