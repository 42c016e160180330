package proxy

import (
	"errors"
	"os"
	"slices"
	"time"

	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/gate"
)

// relayAll relays until the session is over, through upgrades if there are any.
func (s *session) relayAll() {
	for s.relayBoth() {
		if !s.upgrade() {
			return
		}
	}
}

// relayBoth runs the two loops until both have come to a stop, and reports
// whether it is for an upgrade. One goroutine a direction: with one for both, a
// client that sends a literal before it reads and a server that writes
// meanwhile would wait for one another for ever.
func (s *session) relayBoth() (upgrade bool) {
	s.client.link.SetReadDeadline(time.Time{})
	s.server.link.SetReadDeadline(time.Time{})
	s.stand(true)
	other := make(chan ending, 1)
	go s.relayTop(s.server, s.client, other)
	mine := make(chan ending, 1)
	s.relayTop(s.client, s.server, mine)
	ends := [2]ending{<-mine, <-other}
	over := s.stand(false)
	if ends[0].how == endStop && ends[1].how == endStop {
		return !over
	}
	for _, e := range ends { // of two ends the first was noted when it came
		if e.how == endRead || e.how == endWrite {
			s.note(e)
		}
	}
	return false
}

// relayTop is the top of a loop's goroutine: the name to look for in a dump,
// and where a mistake of ours is caught so that it costs this session alone.
func (s *session) relayTop(from, to *leg, endings chan<- ending) {
	e := ending{side: from.side, how: endBroken}
	defer func() {
		if r := recover(); r != nil {
			s.panicked(r)
		}
		s.stopped(e)
		endings <- e
	}()
	e = s.relay(from, to)
}

// relay copies from one side to the other until from ends, an upgrade begins,
// or the session is over.
func (s *session) relay(from, to *leg) ending {
	if rest := from.rest; len(rest) > 0 {
		from.rest = nil
		if e, done := s.pass(from, to, rest); done {
			return s.parked(from, e)
		}
	}
	for {
		from.wait()
		buf, n, err := from.read()
		if buf != nil {
			from.buf = buf
			e, done := s.pass(from, to, buf.data[:n])
			from.buf = nil
			buf.release()
			if done {
				return s.parked(from, e)
			}
		}
		if err != nil {
			return s.readEnded(from, err)
		}
	}
}

// parked is how a loop ends. The client's, whose upgrade waits for the server's
// answer, first waits for that too: what the client sends meanwhile is not
// looked at, but that it has gone is seen.
func (s *session) parked(from *leg, e ending) ending {
	if e.how != endStop || from.side == event.SideServer || from.held != nil {
		return e
	}
	for len(from.rest) <= maxInjected {
		buf, n, err := from.link.readBuffer()
		if buf != nil {
			from.rest = append(from.rest, buf.data[:n]...)
			buf.release()
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded): // by settle
			return e
		case len(from.rest) == 0:
			return s.readEnded(from, err)
		default: // it comes again, behind what goes on if the server says no
			s.note(ending{side: from.side, err: err})
			s.server.patience.Store(int64(clientEnded))
			s.server.wait()
			return e
		}
	}
	return e
}

// passed is what one step has to be done with.
type passed struct {
	to, from         []byte // to write to the other side, and back
	turnTo, turnFrom uint64
	stop, over       bool
	wait             bool // a queue may be full
}

// pass steps a chunk and writes what comes of it. Step comes before Write, so
// a command is always on record before its response can exist.
func (s *session) pass(from, to *leg, data []byte) (e ending, done bool) {
	e.side = from.side
	if !s.fits(from, data) {
		e.how = endBroken
		return e, true
	}
	p := s.step(from, to, data, clock())
	if p.wait {
		s.proxy.record.wait()
	}
	err := to.write(p.turnTo, p.to)
	if len(p.from) > 0 {
		if back := from.write(p.turnFrom, p.from); err == nil {
			err = back
		}
	}
	switch {
	case p.over:
		e.how = endBroken
	case err != nil:
		e.how, e.err = endWrite, err
	case p.stop:
		e.how = endStop
	default:
		if s.draining() {
			s.proxy.wg.Go(s.leaveHeard) // behind this loop's own next Read
		}
		return e, false
	}
	return e, true
}

// step is the pure part: parse and gate under the session's lock. It never blocks.
func (s *session) step(from, to *leg, data []byte, t time.Time) (p passed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.turnTo = to.issue()
	if s.over || s.failure != nil {
		p.over = true
		return p
	}
	s.active.Store(t.UnixNano())
	res := s.feed(from, data, t)
	p.to, p.from = res.Forward, res.Back
	if s.gate != nil { // parse's memory, which the other loop's step may use again
		p.to = slices.Clone(p.to)
	}
	if len(p.from) > 0 {
		p.from = slices.Clone(p.from)
		p.turnFrom = from.issue()
	}
	s.count(from.side, len(data), &p)
	if res.Stopped || res.Held != nil {
		p.stop = true
		from.held = slices.Clone(res.Held)
		from.rest = slices.Clone(res.Rest)
	}
	if s.notices() || s.failure != nil {
		p.over = true
	}
	if s.gate != nil && from.side == event.SideServer && !s.gate.Needed(s.info().State) {
		s.gate = nil // it was for the greeting, or for an upgrade that comes no more
	}
	if s.quiet && from.side == event.SideServer && s.info().Pending == 0 {
		p.stop = true
	}
	p.wait = s.sink.pending
	s.sink.pending = false
	return p
}

// feed hands data to parse. If that breaks, the octets go on as they are when
// no gate was at work, and the session ends when one was.
func (s *session) feed(from *leg, data []byte, t time.Time) (res wire.Result) {
	if s.broken {
		return wire.Result{Forward: data}
	}
	s.sink.chunk(from.buf, data)
	var g wire.Gate
	if s.gate != nil {
		g = s.gate
	}
	if s.guarded(func() { res = s.parse.Feed(from.side, data, t, g) }) {
		return res
	}
	if s.gate != nil {
		s.failure = &failure{text: internalError}
		s.endBy(event.SideProxy, internalError)
		return wire.Result{Stopped: true}
	}
	return wire.Result{Forward: data}
}

// count keeps the sums that stand when parse has broken.
func (s *session) count(side event.Side, n int, p *passed) {
	if side == event.SideClient {
		s.fedC += int64(n)
		s.fedS += int64(len(p.from))
	} else {
		s.fedS += int64(len(p.to))
		s.greeted = s.greeted || n > 0
	}
}

// notices puts on record what the gate has noticed, and reports whether the
// session ends for it.
func (s *session) notices() (over bool) {
	if s.gate == nil {
		return false
	}
	for _, n := range s.gate.Notices() {
		switch n {
		case gate.LoginRefused:
			s.findLocked("starttls.required", "")
		case gate.Preauth:
			s.findLocked("starttls.preauth", "the client was told BYE")
			s.endBy(event.SideProxy, "the server's PREAUTH greeting leaves no way to TLS")
			s.over, over = true, true
		}
	}
	return over
}

// issue gives the next turn to write. The caller has the session's lock.
func (l *leg) issue() uint64 {
	l.issued++
	return l.issued - 1
}
