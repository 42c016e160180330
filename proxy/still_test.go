package proxy

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/route"
)

// pipes is a net.Listener whose connections are net.Pipes: time stands still in them.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// still is a proxy in a bubble of synctest, with net.Pipes on both sides.
type still struct {
	t       *testing.T
	proxy   *Proxy
	record  *memory
	clients *pipes
	servers *pipes
	stop    context.CancelFunc
	served  chan error
}

func newStill(t *testing.T, listen, upstream string, change func(c *Config)) *still {
	t.Helper()
	parsed, err := route.Parse(listen + "://127.0.0.1:1=" + upstream + "://mail.example.org:2")
	if err != nil {
		t.Fatal(err)
	}
	s := &still{t: t, record: &memory{}, clients: newPipes(), servers: newPipes(), served: make(chan error, 1)}
	cfg := Config{
		Routes: []route.Route{parsed}, Leaves: authority(), Upstream: Upstream{Insecure: true},
		Outputs: []Output{{Sink: s.record, Octets: true}},
		Listen:  func(context.Context, string, string) (net.Listener, error) { return s.clients, nil },
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			select {
			case s.servers.conns <- theirs:
				return ours, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
	}
	if change != nil {
		change(&cfg)
	}
	if s.proxy, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	if err := s.proxy.Listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	go func() { s.served <- s.proxy.Serve(ctx) }()
	return s
}

// client connects; server is the connection that the proxy makes for it.
func (s *still) client() *peer {
	ours, theirs := net.Pipe()
	s.clients.conns <- theirs
	return stillPeer(s.t, "client", ours)
}

func (s *still) server() *peer {
	conn, err := s.servers.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	return stillPeer(s.t, "server", conn)
}

func stillPeer(t *testing.T, name string, conn net.Conn) *peer {
	p := newPeer(t, name, conn)
	conn.SetDeadline(time.Time{})
	return p
}

// end stops the proxy and checks the record.
func (s *still) end() {
	s.t.Helper()
	s.stop()
	if err := <-s.served; err != nil && !errors.Is(err, ErrClosed) {
		s.t.Errorf("Serve: %v", err)
	}
	s.record.check(s.t)
}

func (s *still) wantClosed(by event.Side, reason string) {
	s.t.Helper()
	all := s.record.closes()
	if len(all) != 1 || all[0].Close.By != by || !strings.Contains(all[0].Close.Reason, reason) {
		for _, e := range all {
			s.t.Errorf("closed by %v, %q; want %v, %q", e.Close.By, e.Close.Reason, by, reason)
		}
		if len(all) == 0 {
			s.t.Error("no session was closed")
		}
	}
}

// greeted is a session that stands, in the clear.
func (s *still) greeted(greeting string) (c, srv *peer) {
	s.t.Helper()
	c = s.client()
	srv = s.server()
	srv.send(greeting)
	c.want(greeting)
	return c, srv
}
