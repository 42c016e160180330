package proxy

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailtap/parse/event"
	"mailtap/proxy/ca"
	"mailtap/proxy/route"
)

// server is a listener that plays script; its port.
func server(t *testing.T, script func(p *peer)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				p := newPeer(t, "server", conn)
				script(p)
				p.conn.Close()
			}()
		}
	}()
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
}

// closedPort is a port of 127.0.0.1 where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
}

// to points a rig's route at another port.
func to(t *testing.T, text string) func(c *Config) {
	return func(c *Config) {
		t.Helper()
		r, err := route.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		c.Routes = []route.Route{r}
	}
}

// first reads the client's first line, which is to contain want, and the end.
func (p *peer) wantFarewell(want string) {
	p.t.Helper()
	line, err := p.in.ReadString('\n')
	if err != nil || !strings.Contains(line, want) || !strings.HasSuffix(line, "\r\n") {
		p.t.Errorf("%s got %q, %v; want a line with %q", p.name, line, err, want)
	}
	p.wantEnd()
}

// TestServerFails: the client is told in its own protocol, inside TLS where
// it began that, and the event has the cause.
func TestServerFails(t *testing.T) {
	text := func(line string) func(p *peer) {
		return func(p *peer) {
			p.send(line)
			io.Copy(io.Discard, p.conn)
		}
	}
	silent := func(p *peer) {}
	tests := []struct {
		name     string
		listen   string
		upstream string // scheme and what stands behind the port
		query    string
		script   func(p *peer)
		want     string
		finding  string
	}{
		{"refused, imaps", "imaps", "imaps", "", nil, "* BYE [UNAVAILABLE] mailtap: connecting to 127.0.0.1:", "net.refused"},
		{"refused, imap", "imap", "imap", "", nil, "* BYE [UNAVAILABLE] mailtap: connecting to 127.0.0.1:", "net.refused"},
		{"refused, pop3s", "pop3s", "pop3s", "", nil, "-ERR [SYS/TEMP] mailtap: connecting to 127.0.0.1:", "net.refused"},
		{"refused, pop3", "pop3", "pop3+starttls", "", nil, "-ERR [SYS/TEMP] mailtap: connecting to 127.0.0.1:", "net.refused"},
		{"closes at once", "imap", "imap", "", silent, "closed the connection without a greeting", "net.reset"},
		{"closes before STARTTLS", "imap", "imap+starttls", "", silent, "the server closed the connection", "net.reset"},
		{"closes in the handshake", "imaps", "imaps", "", silent, "* BYE [UNAVAILABLE] mailtap: TLS with 127.0.0.1:", "net.reset"},
		{"greets in the clear", "imaps", "imaps", "", text("* OK ready"), "* BYE [UNAVAILABLE] mailtap: TLS with 127.0.0.1:", "tls.upstream.plaintext"},
		{"SMTP", "imap", "imap", "", text("220 mx ESMTP"), "answers as a server for SMTP (or FTP), not IMAP", "proto.wrong-service"},
		{"SMTP, STARTTLS", "imap", "imap+starttls", "", text("220 mx ESMTP"), "answers as a server for SMTP (or FTP), not IMAP", "proto.wrong-service"},
		{"POP3 for IMAP", "imap", "imap", "", text("+OK ready"), "answers as a server for POP3, not IMAP", "proto.wrong-service"},
		{"IMAP for POP3", "pop3", "pop3", "", text("* OK ready"), "answers as a server for IMAP, not POP3", "proto.wrong-service"},
		{"untrusted", "imaps", "imaps", "?ca=untrusted", func(p *peer) { p.serverTLS() }, "* BYE [UNAVAILABLE] mailtap: TLS with 127.0.0.1:", "tls.middlebox"}, // its issuer is a mailtap
		{"wrong name", "imaps", "imaps", "?name=other.example.org", func(p *peer) { p.serverTLS() }, "* BYE [UNAVAILABLE] mailtap: TLS with 127.0.0.1:", "tls.name-mismatch"},
		{"STARTTLS refused", "imap", "imap+starttls", "", func(p *peer) {
			p.send("* OK ready")
			p.want("mailtap1 STARTTLS")
			p.send("mailtap1 BAD what")
		}, "does not upgrade to TLS, and this route requires it", "starttls.not-offered"},
		{"STLS refused", "pop3s", "pop3+starttls", "", func(p *peer) {
			p.send("+OK ready")
			p.want("STLS")
			p.send("-ERR what")
		}, "-ERR [SYS/TEMP] mailtap: 127.0.0.1:", "starttls.not-offered"},
		{"PREAUTH", "imaps", "imap+starttls", "", text("* PREAUTH in"), "leaves no way to TLS", "starttls.preauth"},
		{"PREAUTH, required", "imap+starttls", "imap", "", text("* PREAUTH in"), "* BYE [UNAVAILABLE] mailtap: the server greets with PREAUTH", "starttls.preauth"},
		{"BYE for a greeting", "imaps", "imap+starttls", "", text("* BYE too many"), "* BYE too many", "-"},
	}
	other, err := ca.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			port := ""
			if tt.script == nil {
				port = closedPort(t)
			} else {
				port = server(t, tt.script)
			}
			query := strings.Replace(tt.query, "untrusted", other.Path(), 1)
			r := newRig(t, "imap", "imap", nil, to(t, tt.listen+"://127.0.0.1:0="+tt.upstream+"://127.0.0.1:"+port+query))
			c := r.client()
			if strings.HasSuffix(tt.listen, "s") && tt.listen != "imap+starttls" {
				c.clientTLS()
			}
			c.wantFarewell(tt.want)
			r.end()
			ids := strings.Join(r.record.findings(), " ")
			if tt.finding != "-" && !strings.Contains(ids, tt.finding) {
				t.Errorf("findings %q, want %q", ids, tt.finding)
			}
			for _, e := range r.record.events() {
				if e.Kind == event.KindSessionClose && (tt.name == "closes at once" || tt.name == "closes before STARTTLS") && e.Close.By != event.SideServer {
					t.Errorf("ended by %v, want the server", e.Close.By)
				}
			}
		})
	}
}

// A name that is looked up in vain.
func TestNoSuchName(t *testing.T) {
	r := newRig(t, "imap", "imap", nil, to(t, "imap://127.0.0.1:0=imap://mailtap.invalid:143"))
	c := r.client()
	c.wantFarewell("* BYE [UNAVAILABLE] mailtap: connecting to mailtap.invalid:143: ")
	r.end()
	wantFindings(t, r.record, "net.name")
	for _, e := range r.record.events() {
		if e.Kind == event.KindUpstreamOpen && e.Route.Failure == "" {
			t.Error("upstream.open has no failure")
		}
	}
}

// A client that speaks in the clear where TLS begins is told so in the clear,
// and nothing is dialled.
func TestPlainOnTLS(t *testing.T) {
	r := newRig(t, "imaps", "imaps", func(p *peer) { t.Error("the server was dialled") }, nil)
	r.server.Close()
	c := r.client()
	c.send("a1 LOGIN alice hunter2")
	c.wantFarewell("* BYE [UNAVAILABLE] mailtap: this port begins with TLS")
	r.end()
	wantFindings(t, r.record, "tls.port.plain-on-tls")
	failed := false
	for _, e := range r.record.events() {
		if text, err := json.Marshal(e); err != nil || strings.Contains(string(text), "hunter2") {
			t.Errorf("the password is on record: %s (%v)", text, err)
		}
		failed = failed || e.Kind == event.KindTLS && e.TLS.Side == event.SideClient && e.TLS.Failure != ""
	}
	if !failed {
		t.Error("no tls event says that the client's side failed")
	}
}

// The other way round.
func TestTLSOnPlain(t *testing.T) {
	r := newRig(t, "imap", "imap", func(p *peer) {
		p.send("* OK ready")
		io.Copy(io.Discard, p.conn)
	}, nil)
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	err = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}).Handshake()
	var record tls.RecordHeaderError
	if !errors.As(err, &record) {
		t.Errorf("Handshake = %v, want a RecordHeaderError", err)
	}
	io.Copy(io.Discard, conn)
	conn.Close()
	r.end()
	wantFindings(t, r.record, "tls.port.tls-on-plain")
}

// A client that does not trust the CA: the alert is told apart.
func TestUntrustedLeaf(t *testing.T) {
	r := newRig(t, "imaps", "imaps", imapDialect.server("imaps"), nil)
	c := r.client()
	err := tls.Client(c.conn, &tls.Config{ServerName: "mail.example.org"}).Handshake()
	if err == nil {
		t.Fatal("the handshake passed")
	}
	c.conn.Close()
	r.end()
	wantFindings(t, r.record, "tls.client.untrusted-ca")
	if closed := r.record.closes(); closed[0].Close.By != event.SideClient {
		t.Errorf("closed by %v, want the client", closed[0].Close.By)
	}
}

// TestInjection: octets behind STARTTLS in the same packet are dropped,
// reported and counted, on both sides; those of a handshake are not.
func TestInjection(t *testing.T) {
	for _, tt := range []struct{ listen, upstream string }{{"imap", "imap"}, {"imap", "imaps"}, {"imap+starttls", "imap"}} {
		t.Run(tt.listen+"="+tt.upstream, func(t *testing.T) {
			r := newRig(t, tt.listen, tt.upstream, imapDialect.server(tt.upstream), nil)
			c := r.client()
			c.want("* OK ready")
			c.send("a1 CAPABILITY")
			for range 2 {
				c.in.ReadString('\n')
			}
			c.send("a2 STARTTLS", "a9 LOGIN mallory hunter2")
			if line, err := c.in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "a2 OK ") {
				t.Fatalf("STARTTLS got %q, %v", line, err)
			}
			c.clientTLS()
			c.send("a3 LOGIN alice secret")
			c.want("a3 OK in")
			c.send("a4 LOGOUT")
			c.want("a4 OK bye")
			c.wantEnd()
			r.end()
			wantFindings(t, r.record, "starttls.injection")
			if text := strings.Join(r.record.lines(), "\n"); strings.Contains(text, "hunter2") {
				t.Errorf("the password is on record:\n%s", text)
			}
		})
	}
	t.Run("from the server", func(t *testing.T) {
		port := server(t, func(p *peer) {
			p.send("* OK ready")
			p.want("mailtap1 STARTTLS")
			p.send("mailtap1 OK begin", "* PREAUTH in")
			if !p.serverTLS() {
				return
			}
			p.want("a1 NOOP")
			p.send("a1 OK done")
		})
		r := newRig(t, "imap", "imap", nil, to(t, "imap://127.0.0.1:0=imap+starttls://127.0.0.1:"+port))
		c := r.client()
		c.want("* OK ready")
		c.send("a1 NOOP")
		c.want("a1 OK done")
		c.wantEnd()
		r.end()
		wantFindings(t, r.record, "starttls.injection")
	})
	t.Run("a handshake in the same packet", func(t *testing.T) {
		r := newRig(t, "imap", "imaps", imapDialect.server("imaps"), nil)
		c := r.client()
		c.want("* OK ready")
		conn := &eager{Conn: c.conn, before: []byte("a2 STARTTLS\r\n"), skip: len("a2 OK mailtap: begin TLS negotiation now\r\n")}
		if !c.secure(tls.Client(conn, &tls.Config{RootCAs: roots(), ServerName: "mail.example.org"})) {
			t.Fatal("no TLS")
		}
		c.send("a4 LOGOUT")
		c.want("a4 OK bye")
		c.wantEnd()
		r.end()
		wantFindings(t, r.record)
	})
}

// eager sends something before the first octets of a handshake, in one packet,
// and skips the answer.
type eager struct {
	net.Conn
	before []byte
	skip   int
}

func (e *eager) Write(p []byte) (int, error) {
	if e.before == nil {
		return e.Conn.Write(p)
	}
	_, err := e.Conn.Write(append(e.before, p...))
	e.before = nil
	return len(p), err
}

func (e *eager) Read(p []byte) (int, error) {
	if e.skip > 0 {
		if _, err := io.ReadFull(e.Conn, make([]byte, e.skip)); err != nil {
			return 0, err
		}
		e.skip = 0
	}
	return e.Conn.Read(p)
}

// A refused upgrade is relayed, and what stood behind it goes on.
func TestUpgradeRefused(t *testing.T) {
	port := server(t, func(p *peer) {
		p.send("* OK ready")
		p.want("a1 STARTTLS")
		p.send("a1 NO not today")
		p.want("a2 NOOP")
		p.send("a2 OK done")
	})
	r := newRig(t, "imap", "imap", nil, to(t, "imap://127.0.0.1:0=imap://127.0.0.1:"+port))
	c := r.client()
	c.want("* OK ready")
	c.send("a1 STARTTLS", "a2 NOOP")
	c.want("a1 NO not today", "a2 OK done")
	c.wantEnd()
	r.end()
}

// A server that agrees to the upgrade and then fails in the handshake: the
// client gets BYE in place of the OK.
func TestUpgradeFails(t *testing.T) {
	port := server(t, func(p *peer) {
		p.send("* OK ready")
		p.want("a1 STARTTLS")
		p.send("a1 OK begin")
	})
	r := newRig(t, "imap", "imap", nil, to(t, "imap://127.0.0.1:0=imap://127.0.0.1:"+port))
	c := r.client()
	c.want("* OK ready")
	c.send("a1 STARTTLS")
	c.wantFarewell("* BYE [UNAVAILABLE] mailtap: TLS with 127.0.0.1:")
	r.end()
	wantFindings(t, r.record, "net.reset")
}

// Dovecot greets twice when its login process is slow.
func TestDoubleGreeting(t *testing.T) {
	port := server(t, func(p *peer) {
		p.send("* OK Waiting for authentication process to respond..")
		p.want("mailtap1 STARTTLS")
		p.send("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot ready.", "mailtap1 OK begin")
		if !p.serverTLS() {
			return
		}
		p.want("mailtap2 CAPABILITY")
		p.send("* CAPABILITY IMAP4rev1 AUTH=PLAIN", "mailtap2 OK done")
		p.want("a1 NOOP")
		p.send("a1 OK done")
	})
	r := newRig(t, "imaps", "imap", nil, to(t, "imaps://127.0.0.1:0=imap+starttls://127.0.0.1:"+port))
	c := r.client().clientTLS()
	c.want("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] Waiting for authentication process to respond..",
		"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] Dovecot ready.")
	c.send("a1 NOOP")
	c.want("a1 OK done")
	c.wantEnd()
	r.end()
	wantFindings(t, r.record)
}

// A server in the clear that does not offer the upgrade: the client's own is
// made, and the session goes on with a finding.
func TestUpgradeOfClientAlone(t *testing.T) {
	for _, asked := range []bool{false, true} {
		t.Run("the client asks for capabilities: "+strconv.FormatBool(asked), func(t *testing.T) {
			port := server(t, func(p *peer) {
				p.send("* OK ready")
				line, _ := p.in.ReadString('\n')
				tag, _, _ := strings.Cut(line, " ")
				p.send("* CAPABILITY IMAP4rev1 AUTH=PLAIN", tag+" OK done")
				p.want("a3 LOGIN alice secret")
				p.send("a3 OK in")
			})
			r := newRig(t, "imap", "imap", nil, to(t, "imap+starttls://127.0.0.1:0=imap://127.0.0.1:"+port))
			c := r.client()
			c.want("* OK ready")
			if asked {
				c.send("a1 CAPABILITY")
				c.want("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED", "a1 OK done")
			}
			c.send("a2 STARTTLS")
			c.want("a2 OK mailtap: begin TLS negotiation now")
			c.clientTLS()
			c.send("a3 LOGIN alice secret")
			c.want("a3 OK in")
			c.wantEnd()
			r.end()
			wantFindings(t, r.record, "tls.upstream.cleartext", "conn.who-closed") // the server goes without BYE
		})
	}
}

// A route that leads to mailtap itself by a way that the words do not tell.
func TestLoop(t *testing.T) {
	own := make(chan *Proxy, 1)
	r := newRig(t, "imap", "imap", nil, func(c *Config) {
		to(t, "imap://127.0.0.1:0=imap://mail.example.org:143")(c)
		c.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) { // mail.example.org is 127.0.0.1
			p := <-own
			return p.dialer().DialContext(ctx, network, p.listeners[0].net.Addr().String())
		}
	})
	own <- r.proxy
	c := r.client()
	c.wantFarewell("connecting to mail.example.org:143: that is mailtap itself; name the mail server in the route")
	r.end()
	wantFindings(t, r.record, "mailtap.loop")
}

// Clients over --max-sessions are told so, inside TLS where that begins.
func TestMaxSessions(t *testing.T) {
	r := newRig(t, "imaps", "imaps", imapDialect.server("imaps"), func(c *Config) { c.MaxSessions = 1 })
	c := r.client().clientTLS()
	c.want("* OK ready")
	late := r.client().clientTLS()
	late.wantFarewell("* BYE [UNAVAILABLE] mailtap: the limit of sessions at a time is reached (--max-sessions 1)")
	c.send("a4 LOGOUT")
	c.want("a4 OK bye")
	c.wantEnd()
	r.end()
	wantFindings(t, r.record, "mailtap.limit", "proto.no-cap-in-greeting") // the client that was let in left at once
}

// Listen says what is taken, and what to do.
func TestListenTaken(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	taken := ln.Addr().String()
	parsed, err := route.Parse("imaps://" + taken + "=imaps://mail.example.org")
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Config{Routes: []route.Route{parsed}, Leaves: authority()})
	if err != nil {
		t.Fatal(err)
	}
	want := "listen " + taken + ": address already in use; choose another with LISTEN=UPSTREAM, or 127.0.0.1:0 for a free port"
	if err := p.Listen(t.Context()); err == nil || err.Error() != want {
		t.Errorf("Listen = %v, want %q", err, want)
	}
}

// Kill and Close end sessions at once, and those are closed by the proxy.
func TestKill(t *testing.T) {
	r := newRig(t, "imap", "imap", imapDialect.server("imap"), nil)
	c := r.client()
	c.want("* OK ready")
	running := r.proxy.Sessions()
	if len(running) != 1 || running[0].Proto != event.IMAP {
		t.Fatalf("Sessions = %+v", running)
	}
	if r.proxy.Kill("NOSUCHID22") || !r.proxy.Kill(running[0].ID) {
		t.Error("Kill found the wrong session")
	}
	c.wantEnd()
	second := r.client()
	second.want("* OK ready")
	r.proxy.Close()
	second.wantEnd()
	r.end()
	for _, e := range r.record.closes() {
		if e.Close.By != event.SideProxy || e.Close.Duration > 10*time.Second {
			t.Errorf("closed: %+v", e.Close)
		}
	}
}
