package replay

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"mailtap/parse"
	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/wire"
)

// live is a session being played: what both sides say goes through parse, to
// the sink and to compare, before it is written on.
type live struct {
	id    string
	sink  Sink
	start time.Time

	mu       sync.Mutex
	change   sync.Cond
	parse    wire.Session
	compared *compare.Session
	batch    []wire.Item
	failed   error        // the sink's
	command  int64        // seq of the last command
	latest   *event.Event // the last command, until it is taken
	asked    int          // continuation requests so far
	done     map[int64]*answer
	ended    error // why the peer sends no more

	challenge []byte // of the last continuation request, decoded
	listens   bool   // to challenges
	raw       raw
}

// answer is a command that is not done with, and what came for it.
type answer struct {
	command    *event.Event
	data       []*event.Event // untagged, as far as numbers can be learned from it
	completion *event.Event
}

// newLive begins the record of a session. id is ten base32 characters.
func newLive(id string, proto event.Proto, sink Sink, o compare.Options) *live {
	l := &live{id: id, sink: sink, start: clock(), compared: compare.New(o), done: map[int64]*answer{}}
	l.change.L = &l.mu
	l.parse = parse.New(proto, wire.Options{ID: id, Sink: l})
	return l
}

// Octets is wire.Sink's: under mu.
func (l *live) Octets(o *wire.Octets) {
	if l.sink == nil {
		return
	}
	own := *o
	own.Data = append([]byte(nil), o.Data...)
	l.batch = append(l.batch, wire.Item{Session: l.id, Octets: &own})
}

// Event is wire.Sink's: under mu.
func (l *live) Event(e *event.Event) {
	l.compared.Add(e)
	line := l.raw.take(e)
	if e.Leg == event.LegBoth {
		switch e.Kind {
		case event.KindCommand:
			l.command, l.latest = e.Seq, e
			l.done[e.Seq] = &answer{command: e}
		case event.KindContinuation:
			l.asked++
			l.challenge = challengeOf(line)
		case event.KindResponse:
			l.answered(e)
		}
	}
	l.batch = append(l.batch, wire.Item{Session: e.Session, Event: e})
}

// raw is what the server sent and no event was about yet, unmasked: events show
// no secret, and a challenge may be one.
type raw struct {
	data []byte
	lost int64 // octets before data that were not kept
}

// maxLine bounds what is kept.
const maxLine = 64 << 10

func (r *raw) add(data []byte) {
	r.data = append(r.data, data...)
	if over := len(r.data) - maxLine; over > 0 {
		r.lost += int64(over)
		r.data = append(r.data[:0], r.data[over:]...)
	}
}

// take gives the octets that e is about, as far as they were kept.
func (r *raw) take(e *event.Event) []byte {
	if e.Dir != event.SideServer || e.Leg != event.LegBoth {
		return nil
	}
	n := e.Bytes - r.lost
	if n < 0 {
		r.lost -= e.Bytes
		return nil
	}
	r.lost = 0
	n = min(n, int64(len(r.data)))
	line := append([]byte(nil), r.data[:n]...)
	r.data = append(r.data[:0], r.data[n:]...)
	return line
}

// challengeOf decodes what a continuation request carries.
func challengeOf(line []byte) []byte {
	text := bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimRight(line, "\r\n"), []byte("+")))
	data, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return nil
	}
	return data
}

// mostLearned bounds what is kept of one answer to learn numbers from.
const mostLearned = 20_000

func (l *live) answered(e *event.Event) {
	a := l.done[e.Cmd]
	switch {
	case a == nil:
	case e.Completes:
		a.completion = e
	default:
		a.add(e)
	}
}

// add keeps untagged data that tells numbers.
func (a *answer) add(e *event.Event) {
	if len(a.data) >= mostLearned {
		return
	}
	switch {
	case e.Name == "FETCH", e.Name == "SEARCH", e.Name == "ESEARCH", e.Name == "EXISTS", e.Code == "UIDVALIDITY", e.Code == "COPYUID":
		a.data = append(a.data, e)
	}
}

// under runs fn under the lock, and hands the sink what came of it. A sink
// that fails gets no more.
func (l *live) under(fn func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn()
	batch := l.batch
	l.batch = nil
	if l.sink != nil && l.failed == nil && len(batch) > 0 {
		l.failed = l.sink.Write(batch)
	}
	l.change.Broadcast()
}

func (l *live) emit(e *event.Event) {
	if e.Time.IsZero() {
		e.Time = clock()
	}
	l.under(func() { l.parse.Emit(e) })
}

// feed tells of octets of one side.
func (l *live) feed(side event.Side, data []byte) {
	l.under(func() {
		if side == event.SideServer && l.listens {
			l.raw.add(data)
		}
		l.parse.Feed(side, data, clock(), nil)
	})
}

// hear reads what the peer sends until it ends.
func (l *live) hear(conn net.Conn, side event.Side, rest []byte) {
	if len(rest) > 0 {
		l.feed(side, rest)
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buf)
		if n > 0 {
			l.feed(side, buf[:n])
		}
		if err != nil {
			l.under(func() {
				l.parse.EOF(side, clock())
				l.ended = err
			})
			return
		}
	}
}

// errSilent is a peer that does not answer.
var errSilent = errors.New("no answer in time")

// wait holds until ready says so, for at most limit. It is false where the peer
// ended first.
func (l *live) wait(ctx context.Context, limit time.Duration, ready func() bool) (bool, error) {
	late := false
	defer time.AfterFunc(limit, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		late = true
		l.change.Broadcast()
	}).Stop()
	defer context.AfterFunc(ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.change.Broadcast()
	})()
	l.mu.Lock()
	defer l.mu.Unlock()
	for !ready() {
		switch {
		case l.ended != nil:
			return false, nil
		case ctx.Err() != nil:
			return false, ctx.Err()
		case late:
			return false, errSilent
		}
		l.change.Wait()
	}
	return true, nil
}

// completed takes the answer of a command that is completed, or nil.
func (l *live) completed(seq int64) *answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.done[seq]
	if a == nil || a.completion == nil {
		return nil
	}
	delete(l.done, seq)
	return a
}

// close ends the record.
func (l *live) close(by event.Side, reason string) error {
	l.under(func() {
		now := clock()
		l.parse.EOF(event.SideClient, now)
		l.parse.EOF(event.SideServer, now)
		info := l.parse.Info()
		l.parse.Emit(&event.Event{Kind: event.KindSessionClose, Time: now, State: info.State, Close: &event.Close{
			BytesC: info.BytesC, BytesS: info.BytesS, WireC: info.BytesC, WireS: info.BytesS, Commands: info.Commands,
			Duration: now.Sub(l.start).Truncate(time.Millisecond), By: by, Reason: reason,
		}})
		l.parse.Close()
	})
	if l.failed != nil {
		return fmt.Errorf("recording what is played: %w", l.failed)
	}
	return nil
}
