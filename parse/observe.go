package parse

import (
	"mailtap/parse/behaviour"
	"mailtap/parse/event"
	"mailtap/parse/finding"
	"mailtap/parse/wire"
)

// observed is a session with an observer behind it.
type observed struct {
	wire.Session
	observer *observer
}

// Close frees what the session holds.
func (o observed) Close() {
	o.observer.release()
	o.Session.Close()
}

// observer stands between a session and its sink: findings follow the events
// that they rest on, and session.close says what was done with the mail. What
// is found at the session's end comes before session.close, which stays the
// last event.
//
// A capture tells of findings too. One that is found anew is not told twice;
// one that the session alone does not prove stays, as recorded.
type observer struct {
	wire.Sink
	watch   *finding.Watch
	did     behaviour.Session
	told    map[told]bool
	waiting []*event.Event // recorded findings that may still be found anew
}

// told names a finding of a session.
type told struct {
	id, title string
	count     int
}

func nameOf(f *event.Finding) told { return told{f.ID, f.Title, f.Count} }

// Event hands e on, and what is found in it.
func (o *observer) Event(e *event.Event) {
	switch {
	case e.Kind == event.KindFinding:
		o.did.See(e)
		o.watch.See(e)
		o.finding(e)
		return
	case e.Kind == event.KindMark:
		o.Sink.Event(e)
		return
	}
	o.did.See(e)
	if e.Kind == event.KindSessionClose {
		if e.Close != nil && e.Close.Summary == "" {
			e.Close.Summary = o.did.Summary()
		}
		o.watch.See(e)
		o.release()
		o.Sink.Event(e)
		return
	}
	o.release()
	o.Sink.Event(e)
	o.watch.See(e)
}

// finding hands a finding on, unless a capture tells what was found already.
func (o *observer) finding(e *event.Event) {
	name := nameOf(e.Finding)
	if e.Finding.Recorded {
		if !o.told[name] {
			o.waiting = append(o.waiting, e)
		}
		return
	}
	if o.told == nil {
		o.told = map[told]bool{}
	}
	o.told[name] = true
	o.Sink.Event(e)
}

// release hands on the recorded findings that were not found anew.
func (o *observer) release() {
	for _, e := range o.waiting {
		if !o.told[nameOf(e.Finding)] {
			o.Sink.Event(e)
		}
	}
	o.waiting = nil
}
