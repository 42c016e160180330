package view

import (
	"time"

	"mailtap/parse/event"
)

// Facts are what is known of a session beside its rows. Those that a quick
// look at a capture tells are enough for the list of sessions.
type Facts struct {
	Opened   time.Time
	Last     time.Time
	Context  *event.Context // the newest
	State    event.State
	Open     *event.Event // session.open
	Upstream *event.Event
	TLS      [2]*event.Event // the client's side, the server's
	Closed   *event.Event
	Commands int64
	BytesC   int64
	BytesS   int64
	Findings int
	Worst    event.Severity
	Idle     bool // an IMAP IDLE runs
	Failed   bool
}

// see takes the next event of the session.
func (f *Facts) see(e *event.Event) {
	f.Context, f.Last = e.Context, e.Time
	if e.Kind.Protocol() {
		f.State = e.State
		f.protocol(e)
	}
	switch e.Kind {
	case event.KindSessionOpen:
		f.Open, f.Opened = e, e.Time
	case event.KindUpstreamOpen:
		f.Upstream = e
		f.Failed = f.Failed || e.Route != nil && e.Route.Failure != ""
	case event.KindTLS:
		f.TLS[tlsIndex(e)] = e
		f.Failed = f.Failed || e.TLS.Failure != ""
	case event.KindFinding:
		f.Findings++
		f.Worst = max(f.Worst, e.Finding.Severity)
	case event.KindSessionClose:
		f.Closed, f.Idle = e, false
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
	switch {
	case e.Kind == event.KindCommand:
		f.Commands++
		f.Idle = e.Name == "IDLE"
	case e.Completes && e.For == "IDLE":
		f.Idle = false
	}
}

// Status is the session's state in one word.
func (f *Facts) Status() string {
	switch {
	case f.Failed:
		return "failed"
	case f.Closed != nil:
		return "closed"
	case f.Idle:
		return "idle"
	}
	return "open"
}

// End is when the session ended, or now.
func (f *Facts) End(now time.Time) time.Time {
	if f.Closed != nil {
		return f.Closed.Time
	}
	return now
}
