package finding

import (
	"strings"
	"time"

	"mailtap/parse/event"
)

// lifeWatch is what is remembered of the session's course.
type lifeWatch struct {
	idle  *event.Event // the IDLE that runs
	quiet time.Time    // since when nothing came while it ran
	bye   *event.Event
	asked bool // the client sent LOGOUT or QUIT
}

const (
	longIdle  = 29 * time.Minute // RFC 2177 asks clients to end an IDLE before this
	deadQuiet = 5 * time.Minute  // from here on a NAT may have forgotten the connection
)

func detectLife(w *Watch, e *event.Event) {
	l := &w.life
	if e.Kind.Protocol() && l.idle != nil && e.Seq > l.idle.Seq {
		l.quiet = e.Time
	}
	switch {
	case e.Kind == event.KindCommand:
		l.asked = l.asked || e.Name == "LOGOUT" || e.Name == "QUIT"
		if e.Name == "IDLE" {
			l.idle, l.quiet = e, e.Time
		}
	case e.Kind == event.KindClientData && l.idle != nil && strings.EqualFold(strings.TrimSpace(e.Text), "DONE"):
		if e.Time.Sub(l.idle.Time) > longIdle {
			w.tell(report{id: "idle.over-29min", severity: event.SeverityInfo, evidence: []*event.Event{l.idle, e}})
		}
		l.idle = nil
	case e.Status == "BYE" && e.Kind == event.KindResponse:
		l.bye = e
		if !l.asked && !w.got {
			w.byeUnasked(e)
		}
	case e.Status == "-ERR" && e.Cmd == 0 && e.Kind == event.KindResponse && says(e, "inactivity", "shutting down", "timeout", "timed out", "autologout"):
		l.bye = e
		w.tell(report{id: "srv.bye", detail: e.Text})
	case e.Kind == event.KindSessionClose:
		w.whoClosed(e)
	}
}

// byeUnasked tells a BYE that the client did not ask for.
func (w *Watch) byeUnasked(e *event.Event) {
	if l := &w.life; l.idle != nil && e.Time.Sub(l.idle.Time) > longIdle {
		w.tell(report{id: "idle.over-29min", evidence: []*event.Event{l.idle, e}})
		return
	}
	if w.auth.pendingRefusal() || says(e, "logging out") {
		return // a consequence of logins that failed; a LOGOUT that came octet by octet
	}
	r := report{id: "srv.bye", detail: e.Text}
	if says(e, "inactivity", "idle", "timeout", "timed out", "autologout") {
		r.severity = event.SeverityInfo
	}
	w.tell(r)
}

// pendingRefusal tells whether a refused login is held back.
func (a *authWatch) pendingRefusal() bool { return len(a.failures) > 0 }

// whoClosed says in one sentence who ended a session that nobody had taken
// leave of.
func (w *Watch) whoClosed(e *event.Event) {
	l := &w.life
	if l.asked || l.bye != nil || e.Close == nil || e.Close.By == event.SideProxy || w.anyError() {
		return
	}
	if l.idle != nil && e.Time.Sub(l.quiet) > deadQuiet && e.Close.By != event.SideNone {
		w.tell(report{id: "idle.nat-timeout", evidence: []*event.Event{l.idle}, detail: "nothing came for " + e.Time.Sub(l.quiet).Round(time.Second).String() + " before the connection ended"})
		return
	}
	r := report{id: "conn.who-closed", severity: event.SeverityInfo, detail: "the " + e.Close.By.String() + " closed the connection in state " + w.state.String() + " without taking leave"}
	if e.Close.By == event.SideServer && len(w.open) > 0 {
		r.severity = event.SeverityWarning
		r.detail += ", with a command unanswered"
		for _, cmd := range w.open {
			r.evidence = append(r.evidence, cmd)
			break
		}
	}
	w.tell(r)
}

// anyError tells whether an error was told: how the session ended follows from it.
func (w *Watch) anyError() bool {
	for _, t := range w.told {
		if t.finding.Severity == event.SeverityError {
			return true
		}
	}
	return false
}
