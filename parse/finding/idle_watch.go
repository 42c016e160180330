package finding

import (
	"strings"
	"time"

	"mailtap/parse/event"
)

// lifeWatch is what is remembered of the session's course.
type lifeWatch struct {
	idle    *event.Event // the IDLE that runs, or whose DONE has no answer yet
	ended   *event.Event // its DONE
	quiet   time.Time    // since when nothing came while it ran
	bye     *event.Event
	reached time.Time // when the server was connected to
	leave   bool      // the client sent LOGOUT or QUIT
}

const (
	longIdle  = 29 * time.Minute // RFC 2177 asks clients to end an IDLE before this
	deadQuiet = 5 * time.Minute  // from here on a NAT may have forgotten the connection
)

// Silence is how the reason begins with which mailtap itself ends a session that
// both sides have left silent for too long.
const Silence = "nothing was said for"

func detectIdle(w *Watch, e *event.Event) {
	l := &w.life
	switch {
	case e.Kind == event.KindCommand && e.Name == "IDLE":
		l.idle, l.ended, l.quiet = e, nil, e.Time
	case l.idle == nil || !e.Kind.Protocol():
	case e.Kind == event.KindClientData && strings.EqualFold(strings.TrimSpace(e.Text), "DONE"):
		if e.Time.Sub(l.idle.Time) > longIdle {
			w.tell(report{id: "idle.over-29min", severity: event.SeverityInfo, detail: "it ran for " + minutes(e.Time.Sub(l.idle.Time)), evidence: []*event.Event{l.idle, e}})
		}
		l.ended = e
	case e.Completes && e.Cmd == l.idle.Seq:
		l.idle, l.ended = nil, nil
	case e.Status == "BYE" && e.Time.Sub(l.idle.Time) > longIdle && l.ended == nil:
		w.tell(report{id: "idle.over-29min", detail: "it ran for " + minutes(e.Time.Sub(l.idle.Time)) + ", then the server ended the session", evidence: []*event.Event{l.idle, e}})
		l.bye = e
	case e.Dir == event.SideServer:
		l.quiet = e.Time
	}
}

func minutes(d time.Duration) string {
	if d < 2*time.Minute {
		return seconds(d)
	}
	return strings.TrimSuffix(d.Truncate(time.Minute).String(), "0s")
}

// detectEnd says who ended the session, and why. It comes last: how a session
// ends mostly follows from what was found before.
func detectEnd(w *Watch, e *event.Event) {
	l := &w.life
	switch {
	case e.Kind == event.KindCommand:
		l.leave = l.leave || e.Name == "LOGOUT" || e.Name == "QUIT"
	case e.Status == "BYE" && (e.Kind == event.KindResponse || e.Kind == event.KindGreeting), e.Status == "-ERR" && (e.Cmd == 0 && e.Kind == event.KindResponse || e.Kind == event.KindGreeting):
		w.takesLeave(e)
	case e.Kind == event.KindSessionClose:
		w.whoClosed(e)
	}
}

// takesLeave is a BYE, or what POP3 servers say before they close.
func (w *Watch) takesLeave(e *event.Event) {
	l := &w.life
	text := w.words(e)
	if w.proto == event.POP3 && e.Kind == event.KindResponse && !endedWords.in(text) {
		return
	}
	known := l.bye != nil
	l.bye = e
	if l.leave || w.got || known || w.hurt || w.worst() == event.SeverityError || w.auth.refused() || strings.Contains(text, "logging out") && e.Code == "" {
		return
	}
	r := report{id: "srv.bye", detail: e.Text}
	switch {
	case e.Kind == event.KindGreeting:
		r.severity, r.detail = event.SeverityError, "it turned the client away at once: "+e.Text
	case commandWords.in(text):
		r.advice = "report it to the client's author, with the commands that the server refused: they are what it objects to"
	case idleWords.in(text):
		r.severity = event.SeverityInfo
		r.advice = "nothing needs to be changed: the client connects again by itself; a client that does not should look for mail more often, or keep the session alive (NOOP, IDLE)"
		if n := len(w.order); n > 0 {
			r.detail += " (the client's last command came " + minutes(e.Time.Sub(w.last[0])) + " before)"
		}
	}
	w.tell(r)
}

// whoClosed says in one sentence who ended a session that nobody had taken
// leave of.
func (w *Watch) whoClosed(e *event.Event) {
	l := &w.life
	if l.idle != nil && e.Close != nil && e.Close.By == event.SideProxy && strings.HasPrefix(e.Close.Reason, Silence) {
		w.tell(report{id: "idle.nat-timeout", also: []string{"idle.over-29min"}, evidence: []*event.Event{l.idle, l.ended},
			detail: "neither side said anything for " + minutes(e.Time.Sub(l.quiet)) + ", and mailtap ended the session: one of them had most likely lost the connection"})
		return
	}
	if l.leave || l.bye != nil || e.Close == nil || e.Close.By == event.SideProxy || e.Close.By == event.SideNone || w.worst() == event.SeverityError || w.told["conn.who-closed "] != nil || len(w.order) == 0 && len(w.told) > 0 {
		return
	}
	quiet := e.Time.Sub(l.quiet)
	if l.idle != nil && quiet > deadQuiet && (e.Close.By == event.SideServer || l.ended != nil || broken(e.Close.Reason)) {
		w.tell(report{id: "idle.nat-timeout", evidence: []*event.Event{l.idle, l.ended}, detail: "the server's last word came " + minutes(quiet) + " before the end"})
		return
	}
	if len(w.order) == 0 && !w.greeted {
		return
	}
	r := report{id: "conn.who-closed", severity: event.SeverityInfo, detail: "the " + e.Close.By.String() + " closed the connection in state " + w.state.String() + " without taking leave"}
	if e.Close.By == event.SideServer && w.proto == event.IMAP && w.state.LoggedIn() { // RFC 9051 §7.1.5 wants a BYE
		r.severity = event.SeverityWarning
	}
	if broken(e.Close.Reason) {
		r.detail = "the connection to the " + e.Close.By.String() + " broke in state " + w.state.String() + " (" + e.Close.Reason + ")"
	}
	if cmd := w.unanswered(); cmd != nil && l.idle == nil {
		r.detail += ", while " + cmd.Name + " waited for its answer"
		r.evidence = []*event.Event{cmd}
		switch {
		case e.Close.By != event.SideServer:
		case logins[cmd.Name] || cmd.Name == "USER":
			r.severity, r.also = event.SeverityError, []string{"auth.tempfail", "limit.connections"}
			r.advice = "the server hangs up instead of saying yes or no to the login: most often something behind it fails (the store of its users or of the mail), or it allows no more connections; try again in some minutes; if it stays so, tell the provider or the administrator the time: the reason stands in the server's log"
		default:
			r.severity = event.SeverityWarning
		}
	}
	if r.severity == event.SeverityInfo && w.worst() > event.SeverityInfo {
		return
	}
	w.tell(r)
}

// broken tells whether a session's end was no orderly one.
func broken(reason string) bool {
	return containsAny(reason, []string{"reset", "timed out", "timeout", "broken pipe", "unreachable", "no route"})
}

// unanswered is the first command that waits for its answer, or nil.
func (w *Watch) unanswered() *event.Event {
	for _, cmd := range w.order {
		if w.open[cmd.Seq] != nil {
			return cmd
		}
	}
	return nil
}

// worst is the severity of the worst that was told: how the session ended mostly
// follows from it.
func (w *Watch) worst() event.Severity {
	worst := w.known
	for _, t := range w.told {
		worst = max(worst, t.finding.Severity)
	}
	return worst
}
