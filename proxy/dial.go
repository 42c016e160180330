package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// connect brings the connection to the server to where its greeting can go to
// the client: dialled, and inside TLS if the route wants that from the start.
func (s *session) connect() {
	if !s.dial() {
		return
	}
	switch s.listener.route.Upstream.Mode {
	case route.Implicit:
		s.shakeServer()
	case route.StartTLS:
		s.upgradeFirst()
	}
}

// dial connects to the server.
func (s *session) dial() bool {
	dial := s.proxy.cfg.Dial
	if dial == nil {
		dial = s.proxy.dialer().DialContext
	}
	ctx, cancel := context.WithTimeout(s.ctx, dialLimit)
	defer cancel()
	began := time.Now()
	conn, err := dial(ctx, "tcp", s.listener.route.Upstream.Addr())
	took := time.Since(began).Truncate(time.Microsecond) // as a record keeps it
	opened := &event.Route{Dial: event.Duration{D: took, Known: true}}
	if err != nil {
		id, why := unreachable(err)
		opened.Failure = fmt.Sprint(why)
		s.emit(&event.Event{Kind: event.KindUpstreamOpen, Route: opened})
		if s.ctx.Err() == nil {
			s.fail(id, s.place()+": "+opened.Failure, fmt.Sprintf("connecting to %s: %v", s.place(), why))
		}
		return false
	}
	opened.Server = conn.RemoteAddr().String()
	s.mu.Lock()
	s.server = newLeg(event.SideServer, conn)
	s.mu.Unlock()
	if s.ctx.Err() != nil { // aborted meanwhile
		conn.Close()
		return false
	}
	s.emit(&event.Event{Kind: event.KindUpstreamOpen, Route: opened})
	return true
}

// place is the server as people name it.
func (s *session) place() string { return s.listener.route.Upstream.Addr() }

// unreachable is the finding and the bare cause of a failed dial.
func unreachable(err error) (id string, why error) {
	var name *net.DNSError
	var wait net.Error
	switch {
	case errors.Is(err, errLoop):
		return "mailtap.loop", errors.New("that is mailtap itself; name the mail server in the route")
	case errors.As(err, &name):
		if name.IsNotFound {
			return "net.name", errors.New("no such host")
		}
		return "net.name", errors.New(name.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "net.refused", errors.New("connection refused")
	case errors.Is(err, syscall.ECONNRESET):
		return "net.reset", errors.New("connection reset")
	case errors.As(err, &wait) && wait.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "net.timeout", fmt.Errorf("no answer in %d s", int(dialLimit.Seconds()))
	}
	return "net.timeout", plain(err)
}
