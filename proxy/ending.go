package proxy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"mailtap/parse/event"
)

// ending is why a loop came to its stop.
type ending struct {
	side event.Side // whose octets it read
	how  how
	err  error
}

type how uint8

const (
	endRead   how = iota // the side sends no more
	endWrite             // the other side takes no more
	endStop              // an upgrade begins
	endBroken            // mailtap itself ends the session
)

// stand notes whether the loops run: only then can the client be told anything
// from outside of them. It reports whether the session is over.
func (s *session) stand(runs bool) (over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first, s.quiet, s.stands = nil, false, runs
	return s.over
}

// stopped is called by each loop at its end; what the first means for the
// other one is seen to at once.
func (s *session) stopped(e ending) {
	s.mu.Lock()
	first := s.first == nil
	s.first = &e
	s.mu.Unlock()
	if first {
		s.settle(e)
	}
}

// settle does what the end of one loop means for the other.
func (s *session) settle(e ending) {
	other := s.server
	if e.side == event.SideServer {
		other = s.client
	}
	switch e.how {
	case endRead:
		s.note(e)
		other.closeWrite()
		other.patience.Store(int64(leftover(e.side)))
		other.wait()
	case endWrite: // the reader of that side finds out why, after what it still sends
		other.link.SetReadDeadline(time.Now().Add(serverEnded))
	case endStop:
		switch {
		case e.side == event.SideServer:
			other.interrupt() // it is parked
		case s.client.held != nil:
			s.stopServer()
		}
	case endBroken:
		other.interrupt()
		s.client.link.SetWriteDeadline(time.Now().Add(closeLimit))
	}
}

// leftover is how long the other side may be silent when side sends no more.
func leftover(side event.Side) time.Duration {
	if side == event.SideClient {
		return clientEnded
	}
	return serverEnded
}

// stopServer brings the server's loop to a stop as soon as no command is
// waiting for its answer: those that were sent before the upgrade's come first.
func (s *session) stopServer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet = true
	if s.broken || s.greeted && s.info().Pending == 0 {
		s.server.interrupt()
	}
}

// note puts on record which side ended the session, and how.
func (s *session) note(e ending) {
	by, reason := e.side, ""
	switch {
	case e.how == endWrite:
		by, reason = e.side.Other(), fmt.Sprintf("writing to the %v: %v", e.side.Other(), plain(e.err))
	case errors.Is(e.err, io.EOF), errors.Is(e.err, io.ErrUnexpectedEOF):
		reason = fmt.Sprintf("the %v closed its connection", e.side)
	default:
		reason = fmt.Sprintf("reading from the %v: %v", e.side, plain(e.err))
	}
	s.end(by, reason)
}

// plain is a network error without the addresses, which the record has.
func plain(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err
}

// readEnded is the ending that a read error makes.
func (s *session) readEnded(from *leg, err error) ending {
	s.mu.Lock()
	over, quiet := s.over, s.quiet
	failed, ended := s.failure != nil, s.by != event.SideNone
	s.mu.Unlock()
	switch {
	case over || failed:
		return ending{from.side, endBroken, err}
	case quiet && from.side == event.SideServer && errors.Is(err, os.ErrDeadlineExceeded):
		return ending{from.side, endStop, nil}
	case ended: // the other side was first, or it was made to end
	case from.side == event.SideServer && s.late(err):
		return ending{from.side, endBroken, err}
	case from.side == event.SideServer && !s.heard():
		why := s.place() + " closed the connection without a greeting"
		s.end(event.SideServer, why)
		s.fail("net.reset", fmt.Sprint(plain(err))+s.perhapsTLS(), why)
		return ending{from.side, endBroken, err}
	}
	s.lastLine(from)
	s.guard(func() { s.parse.EOF(from.side, clock()) })
	return ending{from.side, endRead, err}
}

// late fails the session where a server refuses the handshake only now: in TLS
// 1.3 that is how it says no to a client's certificate.
func (s *session) late(err error) bool {
	if s.server.tls == nil {
		return false
	}
	f := s.listener.upstream.Late(err)
	if f != nil {
		s.failTLS(event.SideServer, f, fmt.Sprintf("TLS with %s: %s", s.place(), f.Text))
	}
	return f != nil
}

// lastLine gives the client what the gate has waited for the end of: the
// server's last line may have none. A client's is no command without its end.
func (s *session) lastLine(from *leg) {
	if from.side == event.SideClient {
		return
	}
	s.mu.Lock()
	gated := s.gate != nil
	s.gate = nil
	s.mu.Unlock()
	if gated {
		s.pass(from, s.client, nil)
	}
}
