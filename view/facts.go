package view

import (
	"time"

	"mailtap/parse/event"
	"mailtap/parse/explain"
)

// Facts are what is known of a session beside its rows. Those that a quick
// look at a capture tells are enough for the list of sessions.
type Facts struct {
	Opened   time.Time
	Last     time.Time
	Ended    time.Time      // zero while it is open
	Context  *event.Context // the newest
	State    event.State
	Route    *event.Route  // session.open's
	TLS      [2]*event.TLS // the client's side, the server's
	Commands int64
	BytesC   int64
	BytesS   int64
	Findings int
	Worst    event.Severity
	Idle     bool // an IMAP IDLE runs
	Failed   bool
	Mailbox  string // the newest that was selected
	Tried    string // the user name of the newest login that was tried
	Refused  bool   // the server refused that login
}

// see takes the next event of the session.
func (f *Facts) see(e *event.Event) {
	if e.Kind == event.KindMark { // made later, and by the user
		return
	}
	f.Context, f.Last = e.Context, e.Time
	if e.Mailbox != "" {
		f.Mailbox = e.Mailbox
	}
	if e.Kind.Protocol() {
		f.State = e.State
		f.protocol(e)
	}
	switch e.Kind {
	case event.KindSessionOpen:
		f.Route, f.Opened = e.Route, e.Time
	case event.KindUpstreamOpen:
		f.Failed = f.Failed || e.Route != nil && e.Route.Failure != ""
	case event.KindTLS:
		f.TLS[tlsIndex(e)] = e.TLS
		f.Failed = f.Failed || e.TLS.Failure != ""
	case event.KindFinding:
		f.Findings++
		f.Worst = max(f.Worst, e.Finding.Severity)
	case event.KindSessionClose:
		f.Ended, f.Idle = e.Time, false
	}
}

func tlsIndex(e *event.Event) int {
	if e.TLS.Side == event.SideServer {
		return 1
	}
	return 0
}

// legOf is whose direction of the client's leg has the octets of e.
func legOf(e *event.Event) event.Side {
	if e.Dir == event.SideProxy {
		return event.SideServer
	}
	return e.Dir
}

func (f *Facts) protocol(e *event.Event) {
	if e.Leg == event.LegServer {
		return
	}
	if legOf(e) == event.SideClient {
		f.BytesC += e.Bytes
	} else {
		f.BytesS += e.Bytes
	}
	f.login(e)
	switch {
	case e.Kind == event.KindCommand:
		f.Commands++
		f.Idle = e.Name == "IDLE"
	case e.Completes && e.For == "IDLE":
		f.Idle = false
	}
}

// login takes what e tells of a login.
func (f *Facts) login(e *event.Event) {
	if e.Kind == event.KindCommand || e.Kind == event.KindClientData {
		if user := explain.User(e); user != "" {
			f.Tried = user
		}
		return
	}
	if !e.Completes {
		return
	}
	switch e.For {
	case "LOGIN", "AUTHENTICATE", "PASS", "APOP", "AUTH":
		f.Refused = explain.Refused(e)
	}
}

// Box is the selected mailbox, or in parentheses the one that was.
func (f *Facts) Box() string {
	if f.Mailbox == "" || f.Context.Mailbox == f.Mailbox {
		return f.Mailbox
	}
	return "(" + f.Mailbox + ")"
}

// User is who logged in, or in parentheses who tried to.
func (f *Facts) User() string {
	switch {
	case f.Context != nil && f.Context.User != "":
		return f.Context.User
	case f.Tried != "":
		return "(" + f.Tried + ")"
	}
	return ""
}

// Status is the session's state in one word. A session that ended without the
// login that it tried has failed, as one whose server was not reached.
func (f *Facts) Status() string {
	switch {
	case f.Failed, f.Refused && !f.Ended.IsZero():
		return "failed"
	case !f.Ended.IsZero():
		return "closed"
	case f.Idle:
		return "idle"
	}
	return "open"
}

// End is when the session ended, or now.
func (f *Facts) End(now time.Time) time.Time {
	if !f.Ended.IsZero() {
		return f.Ended
	}
	return now
}
