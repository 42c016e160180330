package finding

import (
	"regexp"
	"strconv"
	"strings"

	"mailtap/parse/event"
)

// streamWatch is what is remembered of the stream of responses.
type streamWatch struct {
	sizes map[string]int64 // message -> RFC822.SIZE
}

var (
	fetchNumber = regexp.MustCompile(`^\* ([0-9]+) U?I?D?FETCH`)
	fetchSize   = regexp.MustCompile(`RFC822\.SIZE ([0-9]+)`)
	fetchBody   = regexp.MustCompile(`(?:BODY\[\]|RFC822) \{([0-9]+) bytes\}`)
)

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
	m := fetchNumber.FindStringSubmatch(e.Text)
	if m == nil {
		return
	}
	if w.stream.sizes == nil {
		w.stream.sizes = map[string]int64{}
	}
	key := e.Context.Mailbox + " " + m[1]
	if size := fetchSize.FindStringSubmatch(e.Text); size != nil && len(w.stream.sizes) < mostSizes {
		w.stream.sizes[key] = number(size[1])
	}
	body := fetchBody.FindStringSubmatch(e.Text)
	if body == nil || strings.Contains(e.Text, "BODY[]<") {
		return
	}
	announced, ok := w.stream.sizes[key]
	if ok && announced != number(body[1]) {
		w.tell(report{id: "stream.size-mismatch", key: key, detail: "message " + m[1] + ": announced " + strconv.FormatInt(announced, 10) + " bytes, sent " + body[1]})
	}
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
