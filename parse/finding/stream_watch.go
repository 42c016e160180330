package finding

import (
	"strings"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/imap/syntax"
)

// streamWatch is what is remembered of the stream of responses.
type streamWatch struct {
	cut   *event.Event // a response that the end of the connection cut
	loose *event.Event // a FETCH whose literal is followed by what cannot follow it
}

// notWhole is in the errors of responses that the connection's end has cut.
const notWhole = "the connection ended"

// lacking is in the errors of what a gap in the record has cut.
const lacking = "octets are missing"

func detectStream(w *Watch, e *event.Event) {
	s := &w.stream
	switch {
	case e.Completes && succeeded(e) && e.For == "COMPRESS":
		w.tell(report{id: "compress.active"})
	case e.Kind == event.KindSessionClose && s.cut != nil:
		w.cutShort(e)
	case e.Kind == event.KindSessionClose && s.loose != nil, e.Completes && s.loose != nil && e.Cmd == s.loose.Cmd:
		w.looseEnd(e)
	case e.Dir != event.SideServer || e.Error == "" || w.got, strings.Contains(e.Error, lacking):
	case strings.Contains(e.Error, notWhole):
		s.cut = e
	case w.proto != event.IMAP:
		w.otherFault(e)
	case e.Kind == event.KindOctets && s.loose != nil:
		w.tell(report{id: "stream.literal-mismatch", evidence: []*event.Event{w.command(s.loose), s.loose, e},
			detail: "behind the announced end of a message comes more of it: the server sent more octets than it announced"})
	case e.Kind == event.KindResponse && w.greeted:
		if d, ok := e.Data.(*syntax.FetchData); ok && len(d.Content) > 0 && s.loose == nil {
			s.loose = e // what it means shows when the command is answered, or is not
			return
		}
		w.tell(report{id: "stream.grammar", key: ruleOf(e.Error), detail: e.Error, severity: event.SeverityInfo})
	}
}

// looseEnd tells what a FETCH was that is not well-formed behind its literal: a
// departure from the grammar where its command was answered all the same; where
// not, the literal was announced too long, and has swallowed the answer.
func (w *Watch) looseEnd(e *event.Event) {
	loose := w.stream.loose
	w.stream.loose = nil
	r := report{id: "stream.grammar", key: ruleOf(loose.Error), detail: loose.Error, severity: event.SeverityInfo, evidence: []*event.Event{loose}}
	if !e.Completes && w.open[loose.Cmd] != nil {
		r = report{id: "stream.literal-mismatch", evidence: []*event.Event{w.command(loose), loose}, detail: "the server sent fewer octets than it announced: what should have followed the message was taken for a part of it"}
	}
	if w.told["stream.literal-mismatch "] == nil {
		w.tell(r)
	}
}

// otherFault tells departures of POP3 servers.
func (w *Watch) otherFault(e *event.Event) {
	desynchronized := w.told["pop.bad-indicator "] != nil || w.told["pop.dot-stuffing "] != nil
	if e.Kind == event.KindResponse && w.greeted && !desynchronized {
		w.tell(report{id: "stream.grammar", key: ruleOf(e.Error), detail: e.Error, severity: event.SeverityInfo})
	}
}

// gaveUp is how long a client waits at least before it takes a server for dead.
const gaveUp = 3 * time.Second

// cutShort tells a response that the connection's end has cut: where the
// client waited for the rest, the server had announced too much.
func (w *Watch) cutShort(e *event.Event) {
	cut := w.stream.cut
	waited := e.Time.Sub(cut.Time)
	if e.Close == nil || e.Close.By == event.SideProxy {
		return
	}
	pop := w.proto == event.POP3
	switch {
	case waited < gaveUp && e.Close.By == event.SideClient:
	case waited < gaveUp:
		w.tell(report{id: "conn.who-closed", severity: event.SeverityWarning, evidence: []*event.Event{w.command(cut), cut}, detail: "the server closed the connection in the middle of a message",
			also: map[bool][]string{false: {"stream.literal-mismatch"}}[pop]})
	case pop:
		w.tell(report{id: "pop.dot-stuffing", evidence: []*event.Event{w.command(cut), cut}, detail: "the end of the response (a line with one dot) never came; the client waited " + seconds(waited) + " for it"})
	default:
		w.tell(report{id: "stream.literal-mismatch", evidence: []*event.Event{w.command(cut), cut}, detail: "in answer to " + cut.For + " (" + cut.Text + ") the server sent fewer octets than it announced; the client waited " + seconds(waited) + " for the rest"})
	}
}

func seconds(d time.Duration) string { return d.Round(time.Second).String() }

// ruleOf is the grammar rule of an error: one finding for each.
func ruleOf(text string) string {
	rule, _, _ := strings.Cut(text, ":")
	return rule
}
