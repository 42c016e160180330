// Package replay plays one side of a recorded session over a socket: the
// client against a real server (Client), or the server to a real client
// (Server), and says what was different (parse/compare).
//
// A Recording is made of the items that a reader of captures hands over; this
// package reads no file. What is played is understood by parse's sessions like
// a live one, so that its record is one too: events and octets go to a Sink.
//
//	items -> Read -> Recording -> Client  <-> a server
//	                           -> Server  <-> a client
//	what is played -> live -> Sink (log, capture) and compare.Session
//
// Logins are never played: the recording has them masked, and replay has
// credentials of its own. COMPRESS (RFC 4978) is not spoken on either side.
package replay

import (
	"errors"
	"fmt"
	"time"

	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// Sink takes the record of what is played: events and octets in order. The
// slice is replay's again after Write, what it points to is not.
type Sink interface {
	Write(batch []wire.Item) error
}

// Turn is one event of a recorded session, with the octets that it is about.
type Turn struct {
	*event.Event
	Data   []byte // on the client's leg; secrets in it are masked
	Masked bool   // there is a secret in it
	Cut    bool   // message text in it was not recorded: there is a stand-in of the same length
}

// sent reports whether t is something that the client sent, and the server got.
func (t *Turn) sent() bool {
	return t.Dir == event.SideClient && t.Leg == event.LegBoth && !t.Dropped && t.Kind.Protocol()
}

// answered reports whether t is something that the client got.
func (t *Turn) answered() bool {
	return t.Kind.Protocol() && t.Leg == event.LegBoth && (t.Dir == event.SideServer || t.Dir == event.SideProxy && t.To == event.SideClient)
}

// Recording is a recorded session.
type Recording struct {
	ID    string
	Proto event.Proto
	User  string // who logged in last
	Turns []Turn
	Cut   bool // message text was not recorded
	Gaps  bool // octets are missing
}

// mostOctets is how much of a session is held: what is longer is refused.
const mostOctets = 512 << 20

// ErrEmpty says that there is nothing to replay.
var ErrEmpty = errors.New("the session has no commands")

// Read makes a Recording of one session: walk hands its items over in order.
// Their octets are copied.
func Read(walk func(func(wire.Item) error) error) (*Recording, error) {
	r := &reader{recording: &Recording{}}
	if err := walk(r.item); err != nil {
		return nil, err
	}
	rec := r.recording
	for i := range rec.Turns {
		if rec.Turns[i].Kind == event.KindGreeting || rec.Turns[i].sent() {
			return rec, nil
		}
	}
	return nil, ErrEmpty
}

// reader puts octets and events together: both come in order, the octets of an
// event before it.
type reader struct {
	recording *Recording
	waiting   [2]queue // from the client; to the client
	size      int
}

// queue is octets that no event has claimed yet.
type queue struct {
	data    []byte
	secrets []span
	cuts    []span
	gone    int // octets that were taken before data
}

type span struct{ from, to int }

func (r *reader) item(item wire.Item) error {
	if o := item.Octets; o != nil {
		return r.octets(o)
	}
	if e := item.Event; e != nil && e.Context != nil {
		r.event(e)
	}
	return nil
}

func (r *reader) octets(o *wire.Octets) error {
	if r.size += len(o.Data); r.size > mostOctets {
		return fmt.Errorf("the session has more than %d MiB, which is more than replay holds", mostOctets>>20)
	}
	q := &r.waiting[0]
	if o.Side == event.SideServer {
		q = &r.waiting[1]
	}
	at := q.gone + len(q.data)
	for _, s := range o.Secrets {
		q.secrets = append(q.secrets, span{at + s.Off, at + s.Off + s.Len})
	}
	if o.Cut && len(o.Data) > 0 {
		q.cuts = append(q.cuts, span{at, at + len(o.Data)})
		r.recording.Cut = true
	}
	q.data = append(q.data, o.Data...)
	return nil
}

func (r *reader) event(e *event.Event) {
	rec := r.recording
	if rec.ID == "" {
		rec.ID, rec.Proto = e.Session, e.Proto
	}
	if e.User != "" {
		rec.User = e.User
	}
	rec.Gaps = rec.Gaps || e.Kind == event.KindGap
	t := Turn{Event: e}
	if e.Kind.Protocol() && e.Leg == event.LegBoth && e.Bytes > 0 {
		q := &r.waiting[1]
		if e.Dir == event.SideClient {
			q = &r.waiting[0]
		}
		t.Data, t.Masked, t.Cut = q.take(e.Bytes)
	}
	rec.Turns = append(rec.Turns, t)
}

// take gives the next n octets, and whether a secret or a stand-in is in them.
func (q *queue) take(n int64) (data []byte, masked, cut bool) {
	if n > int64(len(q.data)) {
		n = int64(len(q.data))
	}
	data = q.data[:n:n]
	q.data = q.data[n:]
	q.gone += int(n)
	return data, passed(&q.secrets, q.gone), passed(&q.cuts, q.gone)
}

// passed takes the spans that begin before an offset, and reports whether there were any.
func passed(spans *[]span, end int) (any bool) {
	list := *spans
	for len(list) > 0 && list[0].from < end {
		any = true
		if list[0].to > end {
			list[0].from = end
			break
		}
		list = list[1:]
	}
	*spans = list
	return any
}

// Compared is the recording as compare takes it.
func (rec *Recording) Compared(o compare.Options) *compare.Session {
	s := compare.New(o)
	for i := range rec.Turns {
		s.Add(rec.Turns[i].Event)
	}
	return s
}

// answers are the recorded commands with what came for them, by their seq.
func answers(rec *Recording) map[int64]*answer {
	all := map[int64]*answer{}
	for i := range rec.Turns {
		e := rec.Turns[i].Event
		switch a := all[e.Cmd]; {
		case rec.Turns[i].sent() && e.Kind == event.KindCommand:
			all[e.Seq] = &answer{command: e}
		case a == nil || e.Kind != event.KindResponse || e.Leg != event.LegBoth:
		case e.Completes:
			a.completion = e
		default:
			a.add(e)
		}
	}
	return all
}

// loginName tells commands that carry credentials.
func loginName(name string) bool {
	switch name {
	case "LOGIN", "AUTHENTICATE", "USER", "PASS", "APOP", "AUTH":
		return true
	}
	return false
}

// clock is the time as records keep it.
func clock() time.Time { return time.Now() }
