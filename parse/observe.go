package parse

import (
	"mailtap/parse/behaviour"
	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// observer stands between a session and its sink: findings follow the events
// that they rest on, and session.close says what was done with the mail. What
// is found at the session's end comes before session.close, which stays the
// last event.
type observer struct {
	wire.Sink
	watch *finding.Watch
	did   behaviour.Session
}

// Event hands e on, and what is found in it.
func (o *observer) Event(e *event.Event) {
	o.did.See(e)
	if e.Kind == event.KindSessionClose {
		if e.Close != nil && e.Close.Summary == "" {
			e.Close.Summary = o.did.Summary()
		}
		o.watch.See(e)
		o.Sink.Event(e)
		return
	}
	o.Sink.Event(e)
	o.watch.See(e)
}
