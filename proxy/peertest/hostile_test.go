package peertest_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailtap/proxy/peertest"
)

// cleartext is the route of the tests that need none in particular.
func cleartext(proto string) peertest.Route {
	return peertest.Route{Proto: proto, Listen: peertest.Cleartext, Upstream: peertest.Cleartext}
}

// scripted starts a server that hands each connection to serve, and a proxy in
// front of it with one cleartext route of proto.
func scripted(t *testing.T, proto string, serve func(*rawConn)) *peertest.Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(newRaw(t, conn))
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	authority := peertest.NewAuthority(t, t.TempDir())
	s := &peertest.Server{Name: "script", CA: authority.File, Ports: peertest.Ports{IMAP: port, POP3: port}}
	return peertest.StartProxy(t, s, peertest.ProxyOptions{Routes: []peertest.Route{cleartext(proto)}})
}

// TestEndlessLine has a server send a line of 256 MiB: all of it arrives, and
// mailtap does not grow by it.
func TestEndlessLine(t *testing.T) {
	t.Parallel()
	const size = 256 << 20
	p := scripted(t, "imap", func(c *rawConn) {
		chunk := []byte(strings.Repeat("x", 1<<20))
		c.Write([]byte("* OK "))
		for range size >> 20 {
			if _, err := c.Write(chunk); err != nil {
				return
			}
		}
		c.Close()
	})
	c := dial(t, p, cleartext("imap"))
	buf, got := make([]byte, 1<<20), 0
	for {
		n, err := c.r.Read(buf)
		got += n
		if err != nil {
			break
		}
	}
	if want := size + len("* OK "); got != want {
		t.Errorf("%d octets arrived, want %d", got, want)
	}
	checkMemory(t, p, 150<<20)
}

// checkMemory fails if the proxy's memory was ever over limit octets.
func checkMemory(t *testing.T, p *peertest.Proxy, limit int) {
	t.Helper()
	if peertest.Race { // which keeps four octets on each of the heap's
		return
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		t.Skipf("no /proc to look at: %v", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.Fields(value)[0])
			if err != nil {
				t.Fatal(err)
			}
			if kib<<10 > limit {
				t.Errorf("mailtap took %d MiB at its peak, want at most %d", kib>>10, limit>>20)
			}
			return
		}
	}
	t.Error("no VmHWM in the process's status")
}

// TestHostileLiterals has a server announce literals that never come, and ones
// that no number can hold: the session goes on, and ends as the server ends it.
func TestHostileLiterals(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"gigabytes":      "* 1 FETCH (BODY[] {9223372036854775807}\r\nnot all of it",
		"over int64":     "* 1 FETCH (BODY[] {99999999999999999999999}\r\n* BYE\r\n",
		"negative":       "* 1 FETCH (BODY[] {-5}\r\nabc)\r\n",
		"status text":    "* OK see {5}\r\n* BYE\r\n",
		"nested":         "* LIST (" + strings.Repeat("(", 100000) + ")\r\n* BYE\r\n",
		"escapes":        "* OK \x1b]0;owned\x07\x1b[2J\x00\r\n",
		"not even lines": string([]byte{0, 1, 2, 0x16, 3, 1, 0xff, '\r', 0, '\n', '\r', '\r', '\n'}),
		"nothing":        "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := scripted(t, "imap", func(c *rawConn) {
				c.Write([]byte("* OK ready\r\n" + text))
				c.Close()
			})
			c := dial(t, p, cleartext("imap"))
			if got, want := c.closed(), "* OK ready\r\n"+text; got != want {
				t.Errorf("got %q, want %q", peertest.Cut(got, 300), peertest.Cut(want, 300))
			}
			p.Stop(t)
			if log, err := os.ReadFile(p.Log); err != nil || strings.ContainsAny(string(log), "\x1b\x07\x00") {
				t.Errorf("the log has control characters as they came (%v)", err)
			}
		})
	}
}

// TestInjection sends commands behind STARTTLS and STLS in the same packet.
// They must not reach the server, not before the handshake and not after it.
func TestInjection(t *testing.T) {
	t.Parallel()
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{Routes: peertest.Pairs()})
	for _, r := range peertest.Pairs() {
		if r.Listen == peertest.Implicit {
			continue
		}
		t.Run(fmt.Sprintf("%s/%s to %s", r.Proto, r.Listen, r.Upstream), func(t *testing.T) {
			c := dial(t, p, r)
			c.line()
			if r.Proto == "imap" {
				c.send("a1 STARTTLS\r\na2 NOOP\r\na3 CREATE injected\r\n")
				c.until("a1 OK")
				c.upgrade(trusting(t, p.CA))
				c.send("b1 NOOP\r\n")
				if line := c.line(); !strings.HasPrefix(line, "b1 OK") {
					t.Errorf("the first line inside TLS is %q, want the answer to b1", line)
				}
				return
			}
			c.send("STLS\r\nNOOP\r\nXINJECTED\r\n")
			c.until("+OK")
			c.upgrade(trusting(t, p.CA))
			c.send("CAPA\r\n")
			if line := c.line(); !strings.HasPrefix(line, "+OK") {
				t.Errorf("the first line inside TLS is %q, want the answer to CAPA", line)
			}
		})
	}
	for id, session := range peertest.Sessions(p.Stop(t)) {
		checkInjectionReported(t, id, session)
	}
}

func checkInjectionReported(t *testing.T, id string, session []peertest.Event) {
	t.Helper()
	found := false
	for _, e := range session {
		found = found || e.Event == "finding" && strings.HasPrefix(e.ID, "starttls.")
		if e.Event == "command" && (e.Name == "CREATE" || e.Name == "XINJECTED") && e.Dir == "c" && e.Error == "" {
			t.Logf("session %s logs the injected %s: %s", id, e.Name, e.Message)
		}
	}
	if !found {
		t.Errorf("session %s has no finding about the injected commands", id)
	}
}

// TestServerInjection has the server send a response behind its OK to STARTTLS
// in the same packet: the client must not take it for one from inside TLS.
func TestServerInjection(t *testing.T) {
	t.Parallel()
	authority := peertest.NewAuthority(t, t.TempDir())
	cert, key := authority.Leaf(t, "server", 1e12, "localhost", "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	p := scriptedTLS(t, authority, func(c *rawConn) {
		c.Write([]byte("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"))
		tag, _, _ := strings.Cut(c.line(), " ")
		c.Write([]byte(tag + " OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=INJECTED\r\n"))
		inner := tls.Server(c.Conn, &tls.Config{Certificates: []tls.Certificate{pair}})
		buf := make([]byte, 100)
		n, err := inner.Read(buf)
		if err == nil {
			tag, _, _ := strings.Cut(string(buf[:n]), " ")
			inner.Write([]byte(tag + " OK inside\r\n"))
		}
		inner.Close()
	})
	c := dial(t, p, cleartext("imap"))
	c.line()
	c.send("a1 STARTTLS\r\n")
	if line := c.line(); !strings.HasPrefix(line, "a1 OK") {
		t.Fatalf("STARTTLS is answered %q", line)
	}
	c.upgrade(trusting(t, p.CA))
	c.send("a2 NOOP\r\n")
	if line := c.line(); !strings.HasPrefix(line, "a2 OK") {
		t.Errorf("the first line inside TLS is %q, want the answer to a2", line)
	}
}

// TestLastOctet has the server end its session with a TLS record of one octet,
// and its close_notify in the same segment: that octet arrives too. In TLS 1.2 both
// can be told apart, and crypto/tls reads them at once.
func TestLastOctet(t *testing.T) {
	t.Parallel()
	authority := peertest.NewAuthority(t, t.TempDir())
	cert, key := authority.Leaf(t, "server", time.Hour, "localhost", "127.0.0.1")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	arrived := make(chan struct{})
	p := scriptedTLS(t, authority, func(c *rawConn) {
		c.Write([]byte("* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n"))
		tag, _, _ := strings.Cut(c.line(), " ")
		c.Write([]byte(tag + " OK begin\r\n"))
		under := &corking{Conn: c.Conn}
		inner := tls.Server(under, &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tls.VersionTLS12})
		buf := make([]byte, 100)
		if n, err := inner.Read(buf); err == nil {
			tag, _, _ = strings.Cut(string(buf[:n]), " ")
		}
		inner.Write([]byte(tag + " OK done\r"))
		<-arrived
		under.corked = true
		inner.Write([]byte("\n"))
		inner.CloseWrite()
		c.SetWriteDeadline(time.Now().Add(time.Minute)) // CloseWrite has set one that is over
		c.Write(under.held)
		c.Close()
	})
	c := dial(t, p, cleartext("imap"))
	c.line()
	c.send("a1 STARTTLS\r\n")
	c.until("a1 OK")
	c.upgrade(trusting(t, p.CA))
	c.send("a2 NOOP\r\n")
	if _, err := c.r.ReadString('\r'); err != nil {
		t.Fatal(err)
	}
	close(arrived)
	if got := c.closed(); got != "\n" {
		t.Errorf("the last octet inside TLS is %q, want %q", got, "\n")
	}
}

// corking is a connection that keeps what is written once it is corked.
type corking struct {
	net.Conn
	corked bool
	held   []byte
}

func (c *corking) Write(p []byte) (int, error) {
	if !c.corked {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	return len(p), nil
}

func scriptedTLS(t *testing.T, authority *peertest.Authority, serve func(*rawConn)) *peertest.Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		if conn, err := l.Accept(); err == nil {
			serve(newRaw(t, conn))
		}
	}()
	s := &peertest.Server{Name: "script", CA: authority.File, Ports: peertest.Ports{IMAP: l.Addr().(*net.TCPAddr).Port}}
	return peertest.StartProxy(t, s, peertest.ProxyOptions{Routes: []peertest.Route{cleartext("imap")}})
}

// TestDribble sends and receives a session octet by octet, with a password
// that is quoted and one that is a literal.
func TestDribble(t *testing.T) {
	t.Parallel()
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{})
	for _, security := range []peertest.Security{peertest.Cleartext, peertest.Implicit} {
		r := peertest.Route{Proto: "imap", Listen: security, Upstream: security}
		u := d.User(t)
		c := dial(t, p, r)
		c.line()
		c.dribble("a1 LOGIN " + u.Name + " {" + strconv.Itoa(len(u.Password)) + "}\r\n")
		c.until("+")
		c.dribble(u.Password + "\r\n")
		c.until("a1 OK")
		c.dribble("a2 SELECT INBOX\r\na3 FETCH 1:3 (UID BODY.PEEK[])\r\n")
		c.until("a3 OK")
		c.dribble("a4 LOGOUT\r\n")
		c.until("a4 OK")
		c.Close()
		u = d.User(t)
		c = dial(t, p, peertest.Route{Proto: "pop3", Listen: security, Upstream: security})
		c.line()
		c.dribble("USER " + u.Name + "\r\n")
		c.until("+OK")
		c.dribble("PASS " + u.Password + "\r\n")
		c.until("+OK")
		c.dribble("RETR 2\r\nQUIT\r\n")
		c.until("+OK Logging out")
		c.Close()
	}
}

func (c *rawConn) dribble(text string) {
	c.t.Helper()
	for i := range len(text) {
		c.send(text[i : i+1])
	}
}

// TestGoneInLiteral has a client announce a message and leave in the middle of
// it: the server gets nothing whole, and the session is closed by the client.
func TestGoneInLiteral(t *testing.T) {
	t.Parallel()
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{})
	u := d.User(t)
	before := d.State(t, u)
	c := dial(t, p, cleartext("imap"))
	c.line()
	c.send(fmt.Sprintf("a1 LOGIN %s %q\r\n", u.Name, u.Password))
	c.until("a1 OK")
	c.send("a2 APPEND INBOX {1000}\r\n")
	c.until("+")
	c.send("Subject: only half")
	c.Close()
	closed := p.Await(t, func(e peertest.Event) bool { return e.Event == "session.close" })
	if closed.By != "client" {
		t.Errorf("the session was ended by %q, want the client", closed.By)
	}
	if diff := peertest.Differ(before, d.State(t, u)); diff != "" {
		t.Errorf("the mailbox changed: %s", diff)
	}
}

// TestServerRestart stops the server under a session: the client hears of it,
// the next one is told in its protocol, and when the server is back all is well.
func TestServerRestart(t *testing.T) {
	t.Parallel()
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{})
	before := dial(t, p, cleartext("imap"))
	before.line()
	u := d.User(t)
	before.send(fmt.Sprintf("a1 LOGIN %s %q\r\n", u.Name, u.Password))
	before.until("a1 OK")
	d.Stop(t)
	before.closed()
	for proto, want := range map[string]string{"imap": "* BYE [UNAVAILABLE] mailtap: ", "pop3": "-ERR [SYS/TEMP] mailtap: "} {
		for _, security := range []peertest.Security{peertest.Implicit, peertest.Cleartext} {
			c := dial(t, p, peertest.Route{Proto: proto, Listen: security, Upstream: security})
			if got := c.closed(); !strings.HasPrefix(got, want) {
				t.Errorf("%s, %s: without a server the client is told %q, want %q", proto, security, got, want)
			}
		}
	}
	d.Start(t)
	after := dial(t, p, cleartext("imap"))
	if line := after.line(); !strings.HasPrefix(line, "* OK ") {
		t.Errorf("after the restart the greeting is %q", line)
	}
}

// TestManyClients runs many sessions at once, of both protocols.
func TestManyClients(t *testing.T) {
	t.Parallel()
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{})
	u := d.User(t)
	var wait sync.WaitGroup
	for i := range 60 {
		r := peertest.Route{Proto: "imap", Listen: peertest.Implicit, Upstream: peertest.Implicit}
		if i%2 == 0 {
			r = cleartext("imap")
		}
		c := dial(t, p, r)
		wait.Go(func() {
			c.line()
			c.send(fmt.Sprintf("a1 LOGIN %s %q\r\n", u.Name, u.Password))
			c.until("a1 OK")
			c.send("a2 EXAMINE INBOX\r\na3 FETCH 1:* (FLAGS BODY.PEEK[])\r\n")
			c.until("a3 OK")
			c.send("a4 LOGOUT\r\n") // pipelined behind the FETCH, Dovecot's TLS loses the end now and then
			c.until("a4 OK")
			c.Close()
		})
	}
	wait.Wait()
	closed := 0
	for _, e := range p.Stop(t) {
		if e.Event == "session.close" {
			closed++
		}
	}
	if closed != 60 {
		t.Errorf("%d sessions were closed in the log, want 60", closed)
	}
}

// TestKilled kills the proxy while it records: what was flushed stays readable,
// and holds no password.
func TestKilled(t *testing.T) {
	t.Parallel()
	d := peertest.StartDovecot(t, peertest.DovecotOptions{})
	p := peertest.StartProxy(t, d.Server, peertest.ProxyOptions{})
	u := d.User(t)
	c := dial(t, p, cleartext("imap"))
	c.line()
	c.send(fmt.Sprintf("a1 LOGIN %s %q\r\n", u.Name, u.Password))
	c.until("a1 OK")
	c.send("a2 SELECT INBOX\r\na3 FETCH 9 BODY.PEEK[]\r\n")
	c.until("a3 OK")
	p.Kill(t)
	peertest.Run(t, p.Dir, peertest.Mailtap(t), "show", "--format", "json", p.Capture)
}
