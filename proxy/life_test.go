package proxy

import (
	"crypto/tls"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mailtap/parse/event"
)

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
		done, fetched := make(chan bool), make(chan bool)
		go func() {
			srv.send("* 1 FETCH (BODY[] {1048576}", big+")")
			close(fetched)
		}()
		go func() {
			c.send("a2 APPEND INBOX {1048576+}", big)
			done <- true
		}()
		go func() {
			srv.want("a2 APPEND INBOX {1048576+}", big)
			<-fetched
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

// A client that waits for a greeting may give up first; one that looks whether
// the port is there does not wait.
func TestSilentClientThatGivesUp(t *testing.T) {
	for waited, want := range map[time.Duration][]string{greetingWait: {"tls.port.plain-on-tls"}, greetingWait - 1: nil} {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imaps", "imaps", nil)
			c := s.client()
			time.Sleep(waited)
			c.conn.Close()
			s.end()
			wantFindings(t, s.record, want...)
			s.wantClosed(event.SideClient, "closed its connection")
		})
	}
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
	t.Run("in an upgrade", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStill(t, "imap+starttls", "imap", nil)
			c := s.client()
			srv := s.server()
			srv.send("* OK [CAPABILITY IMAP4rev1] ready")
			c.want("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready")
			c.send("a1 STARTTLS")
			c.want("a1 OK mailtap: begin TLS negotiation now")
			s.stop()
			synctest.Wait()
			if !c.secure(tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})) {
				t.Fatal("no handshake")
			}
			go c.send("a2 NOOP")
			srv.want("a2 NOOP")
			srv.send("a2 OK done")
			c.want("a2 OK done", bye)
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

// A side that has closed its connection before the proxy was told to end is
// who ended the session, however little before.
func TestEndedBeforeDrain(t *testing.T) {
	for _, scheme := range []string{"imap", "imaps"} {
		for _, by := range []event.Side{event.SideClient, event.SideServer} {
			for range 20 {
				leave, left := make(chan bool), make(chan bool)
				r := newRig(t, scheme, scheme, func(p *peer) {
					p.send("* OK ready")
					if <-leave {
						p.conn.Close()
						close(left)
					}
					io.Copy(io.Discard, p.in)
				}, nil)
				c := r.client()
				if scheme == "imaps" {
					c.clientTLS()
				}
				c.want("* OK ready")
				leave <- by == event.SideServer
				if by == event.SideServer {
					<-left
				} else {
					c.conn.Close()
				}
				r.end()
				if closed := r.record.closes(); len(closed) != 1 || closed[0].Close.By != by {
					t.Errorf("%s: closed by %v, want %v", scheme, closed[0].Close.By, by)
				}
			}
		}
	}
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
	for _, tt := range []struct{ scheme, greeting, command, last string }{
		{"imap", "* OK ready", "a1 NOOP", "* BYE cut"},
		{"pop3", "+OK ready", "NOOP", "-ERR cut"},
	} {
		r := newRig(t, tt.scheme+"+starttls", tt.scheme, func(p *peer) {
			p.send(tt.greeting)
			p.want(tt.command)
			io.WriteString(p.conn, tt.last)
		}, nil)
		c := r.client()
		c.want(tt.greeting)
		c.send(tt.command)
		rest, _ := io.ReadAll(c.in)
		if string(rest) != tt.last {
			t.Errorf("%s: got %q, want %q", tt.scheme, rest, tt.last)
		}
		c.conn.Close()
		r.end()
	}
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
