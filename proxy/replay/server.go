package replay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"

	"mailtap/parse/compare"
	"mailtap/parse/event"
	"mailtap/parse/wire"
	"mailtap/proxy/route"
	"mailtap/proxy/tlsfacts"
)

// Server answers clients as recorded servers did.
//
// A command is found by what it means: its tag, quoting, case and the form of
// its sets do not count. The next recorded one with that meaning answers it, in
// whatever order the client asks; where it comes more often than it was
// recorded the last answer is repeated. What was never recorded is refused by
// name. Capability lists are rewritten to what this server can do.
type Server struct {
	Recordings []*Recording // of one protocol; the nth client gets the nth, then from the first again
	Listen     route.Endpoint
	TLS        *tlsfacts.Listener
	Leaf       func(hello *tls.ClientHelloInfo, local net.Addr) (*tls.Certificate, error)

	User     string // with Password: the only credentials that are taken; else any are
	Password string
	Checked  bool

	Speed float64 // as Client.Speed: the pace of answers, and of what comes in IDLE
	Once  bool    // one session, then Serve returns

	NewID  func() string                 // of the sessions
	Sink   Sink                          // nil: nobody records
	Report func(r *compare.Report)       // told what each client did otherwise; one at a time
	Note   func(session, text string)    // told what is refused and what failed; nil is ignored
	Bound  func(endpoint route.Endpoint) // told where the server listens, before the first client

	mu      sync.Mutex
	clients int
	running sync.WaitGroup
}

// Serve listens until ctx ends, or with Once until the first session has.
func (s *Server) Serve(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Listen.Addr())
	if err != nil {
		return fmt.Errorf("listening on %s: %w", s.Listen, err)
	}
	defer s.running.Wait()
	defer l.Close()
	bound := s.Listen
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		bound = bound.Bound(a.Port)
	}
	s.Bound(bound)
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("accepting on %s: %w", bound, err)
		case s.Once:
			l.Close()
			return s.serve(ctx, conn, bound)
		}
		s.running.Go(func() {
			if err := s.serve(ctx, conn, bound); err != nil {
				s.note("", err.Error())
			}
		})
	}
}

func (s *Server) note(session, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Note != nil {
		s.Note(session, text)
	}
}

// write makes sessions share the sink.
func (s *Server) write(sink Sink) Sink {
	if sink == nil {
		return nil
	}
	return &shared{mu: &s.mu, sink: sink}
}

// serve runs one session, and reports on it.
func (s *Server) serve(ctx context.Context, conn net.Conn, bound route.Endpoint) error {
	s.mu.Lock()
	rec := s.Recordings[s.clients%len(s.Recordings)]
	s.clients++
	s.mu.Unlock()
	options := compare.Options{OwnLogin: true, ClientOnly: true}
	c := &caller{Server: s, script: scriptOf(rec), conn: conn, local: conn.LocalAddr()}
	c.live = newLive(s.NewID(), rec.Proto, s.write(s.Sink), options)
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	c.emit(&event.Event{Kind: event.KindSessionOpen, Route: &event.Route{
		Listen: bound.String(), Upstream: "replay:" + rec.ID, Client: conn.RemoteAddr().String()}})
	c.emit(&event.Event{Kind: event.KindUpstreamOpen, Route: &event.Route{Server: conn.LocalAddr().String()}})
	by, reason := c.run(ctx)
	conn.Close()
	err := c.close(by, reason)
	if ctx.Err() != nil && c.asks == 0 {
		return err
	}
	r := compare.Compare(rec.Compared(options), c.compared, options)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Report(r)
	return err
}

// shared lets sessions write to one sink.
type shared struct {
	mu   *sync.Mutex
	sink Sink
}

// Write makes it a Sink.
func (s *shared) Write(batch []wire.Item) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink.Write(batch)
}

// errOver ends a session after its last answer.
var errOver = errors.New("the session is over")
