package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailtap/parse"
	"mailtap/parse/event"
	"mailtap/parse/wire"
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

// Half a line goes on at once where the sides' modes agree.
func TestHalfALineGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStill(t, "imaps", "imaps", nil)
		c := s.client()
		inside := make(chan *peer)
		go func() {
			srv := s.server()
			srv.serverTLS()
			inside <- srv
		}()
		c.secure(tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true}))
		srv := <-inside
		io.WriteString(srv.conn, "* OK re")
		half := make([]byte, 7)
		if _, err := io.ReadFull(c.in, half); err != nil || string(half) != "* OK re" {
			t.Errorf("got %q, %v", half, err)
		}
		io.WriteString(srv.conn, "ady\r\n")
		c.want("ady")
		go srv.conn.Close()
		c.wantEnd()
		s.end()
		s.wantClosed(event.SideServer, "")
	})
}

// A client that sends a big literal before it reads anything, against a server
// that writes as much before it reads: with one loop for both directions each
// would wait for the other.
func TestNoDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStill(t, "imap", "imap", nil)
		c, srv := s.greeted("* OK ready")
		c.send("a1 LOGIN alice secret")
		srv.want("a1 LOGIN alice secret")
		srv.send("a1 OK in")
		c.want("a1 OK in")
		const size = 1 << 20
		big := strings.Repeat("x", size)
		go srv.send("* 1 FETCH (BODY[] {1048576}", big+")")
		done := make(chan bool)
		go func() {
			c.send("a2 APPEND INBOX {1048576+}", big)
			done <- true
		}()
		go func() {
			srv.want("a2 APPEND INBOX {1048576+}", big)
			srv.send("a2 OK done")
		}()
		<-done
		c.want("* 1 FETCH (BODY[] {1048576}", big+")", "a2 OK done")
		c.conn.Close()
		srv.wantEnd()
		s.end()
		s.wantClosed(event.SideClient, "closed its connection")
	})
}

// Without a ClientHello in ten seconds nothing is dialled, and the client is
// told in the clear what it seems to expect.
func TestSilentClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStill(t, "imaps", "imaps", nil)
		began := time.Now()
		c := s.client()
		c.want("* BYE [UNAVAILABLE] mailtap: this port begins with TLS; set the client's connection security to SSL/TLS")
		if waited := time.Since(began); waited != helloLimit {
			t.Errorf("told after %v, want %v", waited, helloLimit)
		}
		c.wantEnd()
		s.end()
		wantFindings(t, s.record, "tls.port.plain-on-tls")
	})
}

// A server that does not answer the dial.
func TestDialTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStill(t, "pop3", "pop3", nil)
		c := s.client()
		c.wantFarewell("-ERR [SYS/TEMP] mailtap: connecting to mail.example.org:2: no answer in 20 s")
		s.end()
		wantFindings(t, s.record, "net.timeout")
	})
}

// IMAP's IDLE is silent for half an hour; after 35 minutes it is we who close,
// and the event says so.
func TestIdle(t *testing.T) {
	for _, tt := range []struct {
		scheme, greeting, farewell string
		limit                      time.Duration
	}{
		{"imap", "* OK ready", "* BYE [UNAVAILABLE] mailtap: nothing was said for 35 minutes", 35 * time.Minute},
		{"pop3", "+OK ready", "", 15 * time.Minute},
	} {
		t.Run(tt.scheme, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStill(t, tt.scheme, tt.scheme, nil)
				c, srv := s.greeted(tt.greeting)
				time.Sleep(tt.limit - time.Minute)
				c.send("a1 NOOP")
				srv.want("a1 NOOP")
				began := time.Now()
				if tt.farewell != "" {
					c.want(tt.farewell)
				}
				c.wantEnd()
				if waited := time.Since(began); waited < tt.limit || waited > tt.limit+time.Second {
					t.Errorf("closed after %v, want %v", waited, tt.limit)
				}
				s.end()
				s.wantClosed(event.SideProxy, "nothing was said for")
			})
		})
	}
}

// TestDrain: new connections are refused, idle sessions are told at once, busy
// ones when they have their answer, and none stays longer than Drain.
func TestDrain(t *testing.T) {
	const bye = "* BYE [UNAVAILABLE] mailtap: shutting down"
	t.Run("idle", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imap", "imap", nil)
			c, srv := s.greeted("* OK ready")
			began := time.Now()
			s.stop()
			c.want(bye)
			c.wantEnd()
			srv.wantEnd()
			if time.Since(began) != 0 {
				t.Errorf("an idle session ended after %v", time.Since(began))
			}
			s.end()
			s.wantClosed(event.SideProxy, "shut down")
		})
	})
	t.Run("in IDLE", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imap", "imap", nil)
			c, srv := s.greeted("* OK ready")
			c.send("a1 LOGIN alice secret")
			srv.want("a1 LOGIN alice secret")
			srv.send("a1 OK in")
			c.want("a1 OK in")
			c.send("a2 IDLE")
			srv.want("a2 IDLE")
			srv.send("+ idling")
			c.want("+ idling")
			began := time.Now()
			s.stop()
			c.want(bye)
			c.wantEnd()
			if time.Since(began) != 0 {
				t.Errorf("an idle session ended after %v", time.Since(began))
			}
			s.end()
		})
	})
	t.Run("busy", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imap", "imap", nil)
			c, srv := s.greeted("* OK ready")
			c.send("a1 LOGIN alice secret")
			srv.want("a1 LOGIN alice secret")
			s.stop()
			time.Sleep(5 * time.Second)
			srv.send("a1 OK in")
			c.want("a1 OK in", bye)
			c.wantEnd()
			s.end()
			s.wantClosed(event.SideProxy, "shut down")
		})
	})
	t.Run("pop3", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "pop3", "pop3", nil)
			c, srv := s.greeted("+OK ready")
			c.send("CAPA")
			srv.want("CAPA")
			s.stop()
			time.Sleep(5 * time.Second)
			srv.send("+OK", "TOP", ".")
			c.want("+OK", "TOP", ".")
			c.wantEnd()
			s.end()
		})
	})
	t.Run("late", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imap", "imap", nil)
			c, srv := s.greeted("* OK ready")
			c.send("a1 LOGIN alice secret")
			srv.want("a1 LOGIN alice secret")
			began := time.Now()
			s.stop()
			c.want(bye)
			c.wantEnd()
			if waited := time.Since(began); waited != DefaultDrain {
				t.Errorf("ended after %v, want %v", waited, DefaultDrain)
			}
			s.end()
		})
	})
}

// One session, then Serve returns.
func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStill(t, "imap", "imap", func(c *Config) { c.Once = true })
		c, srv := s.greeted("* OK ready")
		go srv.conn.Close()
		c.wantEnd()
		if err := <-s.served; err != nil {
			t.Errorf("Serve = %v", err)
		}
		s.stop()
	})
}

// fragile is a wire.Session that panics when it is fed a word.
type fragile struct{ wire.Session }

func (f fragile) Feed(side event.Side, data []byte, t time.Time, gate wire.Gate) wire.Result {
	if strings.Contains(string(data), "BOOM") {
		var none []int
		_ = none[len(data)]
	}
	return f.Session.Feed(side, data, t, gate)
}

// A panic of the parser costs the transcript and not the mail; with a gate at
// work the session ends, and says so.
func TestPanic(t *testing.T) {
	newParse = func(proto event.Proto, o wire.Options) wire.Session { return fragile{parse.New(proto, o)} }
	defer func() { newParse = parse.New }()
	t.Run("bare copy", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imaps", "imaps", nil)
			c := s.client()
			inside := make(chan *peer)
			go func() {
				srv := s.server()
				srv.serverTLS()
				inside <- srv
			}()
			c.secure(tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true}))
			srv := <-inside
			go srv.send("* OK ready")
			c.want("* OK ready")
			go c.send("a1 BOOM secret")
			srv.want("a1 BOOM secret")
			go srv.send("a1 OK done")
			c.want("a1 OK done")
			go c.send("a2 LOGIN alice secret")
			srv.want("a2 LOGIN alice secret")
			go srv.conn.Close()
			c.wantEnd()
			s.end()
			if !slices.Contains(s.record.findings(), "mailtap.panic") {
				t.Errorf("findings %q, want mailtap.panic", s.record.findings())
			}
			closed := s.record.closes()
			want := int64(len("a1 BOOM secret\r\na2 LOGIN alice secret\r\n"))
			if len(closed) != 1 || closed[0].Close.BytesC != want {
				t.Errorf("closed: %+v, want %d octets from the client", closed[0].Close, want)
			}
			if text := strings.Join(s.record.lines(), "\n"); strings.Contains(text, "secret") {
				t.Errorf("unmasked: %s", text)
			}
		})
	})
	t.Run("behind a gate", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imap+starttls", "imap", nil)
			c, srv := s.greeted("* OK ready")
			c.send("a1 BOOM")
			c.wantFarewell("* BYE [UNAVAILABLE] mailtap: an internal error")
			srv.wantEnd()
			s.end()
			wantFindings(t, s.record, "mailtap.panic")
		})
	})
}

// slow is a sink that stops at its first batch until it is let go on.
type slow struct {
	memory
	gate chan struct{}
}

func (s *slow) Write(batch []wire.Item) error {
	<-s.gate
	return s.memory.Write(batch)
}

// A slow sink slows sessions and loses nothing; one that may drop does neither.
func TestSlowSinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keeps := &slow{gate: make(chan struct{})}
		drops := &slow{gate: make(chan struct{})}
		s := newStill(t, "imap", "imap", func(c *Config) {
			c.Outputs = []Output{{Sink: keeps, Octets: true}, {Sink: drops, Octets: true, Drop: true}}
		})
		c, srv := s.greeted("* OK ready")
		c.send("a1 LOGIN alice secret")
		srv.want("a1 LOGIN alice secret")
		srv.send("a1 OK in")
		c.want("a1 OK in")
		const size = 4 * maxQueued
		got := make(chan int64)
		go func() {
			io.WriteString(srv.conn, "* 1 FETCH (BODY[] {33554432}\r\n")
			srv.conn.Write(make([]byte, size))
			srv.conn.Write([]byte(")\r\n"))
			srv.conn.Close()
		}()
		go func() {
			n, _ := io.Copy(io.Discard, c.in)
			got <- n
		}()
		synctest.Wait()
		select {
		case <-got:
			t.Error("the session went on while the sink stood still")
		default:
		}
		close(keeps.gate)
		if n := <-got; n < size {
			t.Errorf("the client got %d octets, want over %d", n, size)
		}
		close(drops.gate)
		c.conn.Close()
		s.end()
		keeps.check(t)
		if len(keeps.items) <= len(drops.items) {
			t.Errorf("%d items kept, %d of those that may be dropped", len(keeps.items), len(drops.items))
		}
	})
}

type broken struct{}

func (broken) Write([]wire.Item) error { return errors.New("disk full") }

// A sink that fails ends its recording and no session.
func TestBrokenSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		s := newStill(t, "imap", "imap", func(c *Config) {
			c.Outputs = append(c.Outputs, Output{Sink: broken{}, Octets: true})
			c.Failed = func(_ Sink, err error) { failed <- err }
		})
		c, srv := s.greeted("* OK ready")
		if err := <-failed; err == nil || err.Error() != "disk full" {
			t.Errorf("Failed got %v", err)
		}
		c.send("a1 NOOP")
		srv.want("a1 NOOP")
		go srv.conn.Close()
		c.wantEnd()
		s.end()
	})
}

// Half-close is passed on: a client that sends no more still gets its answers.
func TestHalfClose(t *testing.T) {
	for _, scheme := range []string{"imap", "imaps"} {
		t.Run(scheme, func(t *testing.T) {
			r := newRig(t, scheme, scheme, func(p *peer) {
				p.send("* OK ready")
				p.want("a1 NOOP")
				if _, err := p.in.ReadByte(); err != io.EOF {
					t.Errorf("the server got %v, want EOF", err)
				}
				p.send("a1 OK done")
			}, nil)
			c := r.client()
			if scheme == "imaps" {
				c.clientTLS()
			}
			c.want("* OK ready")
			c.send("a1 NOOP")
			c.conn.(interface{ CloseWrite() error }).CloseWrite()
			c.want("a1 OK done")
			c.wantEnd()
			r.end()
			closed := r.record.closes()
			if len(closed) != 1 || closed[0].Close.By != event.SideClient {
				t.Errorf("closed: %+v", closed[0].Close)
			}
		})
	}
}

// A server that goes on for long after the client's end is not cut off; one
// that falls silent is.
func TestLongAfterHalfClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStill(t, "imaps", "imaps", nil)
		c := s.client()
		inside := make(chan *peer)
		go func() {
			srv := s.server()
			srv.serverTLS()
			inside <- srv
		}()
		c.secure(tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true}))
		srv := <-inside
		go srv.send("* OK ready")
		c.want("* OK ready")
		go c.conn.(*tls.Conn).CloseWrite()
		if _, err := srv.in.ReadByte(); err != io.EOF {
			t.Errorf("the server got %v, want EOF", err)
		}
		for range 10 {
			time.Sleep(clientEnded - time.Minute)
			go srv.send("* 1 EXISTS")
			c.want("* 1 EXISTS")
		}
		began := time.Now()
		c.wantEnd()
		if waited := time.Since(began); waited < clientEnded || waited > clientEnded+time.Minute {
			t.Errorf("cut off after %v, want %v", waited, clientEnded)
		}
		s.end()
	})
}

// After a login in the clear no gate holds half lines back.
func TestNoGateAfterLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStill(t, "imap", "imap", nil)
		c, srv := s.greeted("* OK ready")
		c.send("a1 LOGIN alice secret")
		srv.want("a1 LOGIN alice secret")
		srv.send("a1 OK in")
		c.want("a1 OK in")
		io.WriteString(srv.conn, "* 1 EX")
		half := make([]byte, 6)
		if _, err := io.ReadFull(c.in, half); err != nil || string(half) != "* 1 EX" {
			t.Errorf("got %q, %v", half, err)
		}
		io.WriteString(srv.conn, "ISTS\r\n")
		c.want("ISTS")
		go srv.conn.Close()
		c.wantEnd()
		s.end()
	})
}

// The server's last line may have no end, also behind a gate.
func TestLastLine(t *testing.T) {
	r := newRig(t, "imap+starttls", "imap", func(p *peer) {
		p.send("* OK ready")
		p.want("a1 NOOP")
		io.WriteString(p.conn, "* BYE cut")
	}, nil)
	c := r.client()
	c.want("* OK ready")
	c.send("a1 NOOP")
	rest, _ := io.ReadAll(c.in)
	if string(rest) != "* BYE cut" {
		t.Errorf("got %q", rest)
	}
	c.conn.Close()
	r.end()
}

func TestIDs(t *testing.T) {
	now := time.Now()
	seen := map[string]bool{}
	for range 1000 {
		id := newID(now)
		if len(id) != 10 || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" || seen[id] {
			t.Fatalf("id %q: malformed, or there twice", id)
		}
		seen[id] = true
	}
}

func TestServiceOf(t *testing.T) {
	for _, tt := range []struct {
		data  string
		proto event.Proto
		want  string
	}{
		{"* OK ready", event.IMAP, ""},
		{"* OK ready", event.POP3, "IMAP"},
		{"+OK ready", event.POP3, ""},
		{"+OK ready", event.IMAP, "POP3"},
		{"220 mx", event.IMAP, "SMTP (or FTP)"},
		{"HTTP/1.1 400", event.POP3, "HTTP"},
		{"\x15\x03\x01", event.IMAP, "TLS"},
		{"hello", event.IMAP, ""},
		{"* O", event.IMAP, ""},
	} {
		if got := serviceOf([]byte(tt.data), tt.proto); got != tt.want {
			t.Errorf("serviceOf(%q, %v) = %q, want %q", tt.data, tt.proto, got, tt.want)
		}
	}
}

func TestFarewell(t *testing.T) {
	long := farewell(event.POP3, strings.Repeat("ä\n", 400))
	if len(long) > 512 || strings.Count(string(long), "\n") != 1 {
		t.Errorf("%d octets: %q", len(long), long)
	}
	if !slices.Equal(farewell(event.IMAP, "x"), []byte("* BYE [UNAVAILABLE] mailtap: x\r\n")) {
		t.Errorf("%q", farewell(event.IMAP, "x"))
	}
}
