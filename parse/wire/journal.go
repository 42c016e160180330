package wire

import "mailtap/parse/event"

// Journal numbers a session's events and keeps its sums: the part of a Session
// that is the same in every protocol. The zero value needs Sink and Context.
type Journal struct {
	Sink    Sink
	Context *event.Context
	State   event.State

	seq            int64
	bytesC, bytesS int64
	commands       int64
}

// NewJournal starts the journal of one session.
func NewJournal(o Options, proto event.Proto, state event.State) Journal {
	return Journal{Sink: o.Sink, Context: &event.Context{Session: o.ID, Proto: proto}, State: state}
}

// Emit fills in what every event of a session has, counts it, and hands it on.
func (j *Journal) Emit(e *event.Event) {
	e.Context = j.Context
	if e.Kind == event.KindFinding || e.Kind == event.KindMark {
		if e.After == 0 {
			e.After = j.seq
		}
	} else {
		j.seq++
		e.Seq = j.seq
	}
	if e.Kind.Protocol() {
		if e.State == event.StateNone {
			e.State = j.State
		}
		j.count(e)
	}
	j.Sink.Event(e)
}

// count adds e to the sums of the client's leg.
func (j *Journal) count(e *event.Event) {
	if e.Leg == event.LegServer {
		return
	}
	switch {
	case e.Dir == event.SideClient:
		j.bytesC += e.Bytes
	case e.Dir == event.SideServer, e.Dir == event.SideProxy && e.To == event.SideClient:
		j.bytesS += e.Bytes
	}
	if e.Kind == event.KindCommand {
		j.commands++
	}
}

// Next is the Seq that the next event will have.
func (j *Journal) Next() int64 { return j.seq + 1 }

// Change replaces the context by a changed copy: events that were handed out keep theirs.
func (j *Journal) Change(change func(c *event.Context)) {
	next := *j.Context
	change(&next)
	if next != *j.Context {
		j.Context = &next
	}
}

// Info is the journal's part of a session's Info.
func (j *Journal) Info() Info {
	return Info{BytesC: j.bytesC, BytesS: j.bytesS, Commands: j.commands, State: j.State, Context: *j.Context}
}
