package peertest_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"mailtap/proxy/peertest"
)

// rawConn is a client, or a server, that sends what it is told to.
type rawConn struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

func newRaw(t testing.TB, conn net.Conn) *rawConn {
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &rawConn{t: t, Conn: conn, r: bufio.NewReader(conn)}
}

// dial connects to a proxy's route; implicit TLS where that listens so.
func dial(t testing.TB, p *peertest.Proxy, r peertest.Route) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", peertest.Address(p.Port(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Listen == peertest.Implicit {
		conn = tls.Client(conn, trusting(t, p.CA))
	}
	return newRaw(t, conn)
}

func trusting(t testing.TB, file string) *tls.Config {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		t.Fatalf("no certificate in %s", file)
	}
	return &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

func (c *rawConn) send(text string) {
	c.t.Helper()
	if _, err := c.Write([]byte(text)); err != nil {
		c.t.Fatalf("sending %q: %v", peertest.Cut(text, 100), err)
	}
}

// line reads one line, without its end.
func (c *rawConn) line() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("reading a line: %q, %v", peertest.Cut(line, 200), err)
	}
	return strings.TrimRight(line, "\r\n")
}

// until reads lines until one begins with prefix, and returns that one.
func (c *rawConn) until(prefix string) string {
	c.t.Helper()
	for {
		if line := c.line(); strings.HasPrefix(line, prefix) {
			return line
		}
	}
}

// upgrade makes the connection a TLS client's.
func (c *rawConn) upgrade(config *tls.Config) {
	c.Conn = tls.Client(c.Conn, config)
	c.r = bufio.NewReader(c.Conn)
}

// closed returns what still came until the other side ended the connection, and closes it.
func (c *rawConn) closed() string {
	c.t.Helper()
	defer c.Close()
	var rest strings.Builder
	if _, err := c.r.WriteTo(&rest); err != nil {
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			c.t.Fatalf("the connection stays open behind %q", peertest.Cut(rest.String(), 200))
		}
	}
	return rest.String()
}
