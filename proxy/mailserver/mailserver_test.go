package mailserver

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	user     = "alice"
	password = "wonder land"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func boxes(t *testing.T) *Mailboxes {
	t.Helper()
	m := NewMailboxes()
	if err := m.AddSampleUser(user, password); err != nil {
		t.Fatal(err)
	}
	return m
}

func closing(t *testing.T, s *Server) *Server {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
	})
	return s
}

// certificate is a server's and a client's configuration that trust each other.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
}

// popClient speaks POP3 line by line.
type popClient struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func dialPOP3(t *testing.T, s *Server) *popClient {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &popClient{t, conn, bufio.NewReader(conn)}
}

func (c *popClient) read() string {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("reading: %v", err)
	}
	return strings.TrimSuffix(line, "\r\n")
}

// say sends a line and returns the answer's.
func (c *popClient) say(line string) string {
	c.t.Helper()
	fmt.Fprintf(c.conn, "%s\r\n", line)
	return c.read()
}

// block reads a multi-line response, behind its first line.
func (c *popClient) block() []string {
	c.t.Helper()
	var all []string
	for {
		line := c.read()
		if line == "." {
			return all
		}
		all = append(all, strings.TrimPrefix(line, "."))
	}
}

// want says lines and holds each answer's beginning against what is wanted.
func (c *popClient) want(pairs ...string) {
	c.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := c.say(pairs[i]); !strings.HasPrefix(got, pairs[i+1]) {
			c.t.Fatalf("%s: %q, want %q", pairs[i], got, pairs[i+1])
		}
	}
}

func TestPOP3Session(t *testing.T) {
	s := closing(t, boxes(t).POP3(listen(t), Options{}))
	c := dialPOP3(t, s)
	c.read()
	c.want("STAT", "-ERR", "USER alice", "+OK", "PASS wonder land", "+OK 5 messages (", "USER alice", "-ERR", "bogus", "-ERR", "NOOP", "+OK")
	c.want("STAT", "+OK 5 ", "LIST 2", "+OK 2 ", "LIST 6", "-ERR", "UIDL 1", "+OK 1 ", "RETR 0", "-ERR", "RETR x", "-ERR")
	c.want("LIST", "+OK")
	if got := c.block(); len(got) != 5 || !strings.HasPrefix(got[0], "1 ") {
		t.Errorf("LIST gives %q", got)
	}
	c.want("DELE 2", "+OK", "DELE 2", "-ERR", "RETR 2", "-ERR", "LIST 2", "-ERR", "UIDL", "+OK 4 ")
	if got := c.block(); len(got) != 4 || !strings.HasPrefix(got[1], "3 ") {
		t.Errorf("UIDL gives %q, want message-numbers kept", got)
	}
	c.want("RSET", "+OK 5 ", "QUIT", "+OK bye, 5 messages left")
}

// Messages come as they were delivered: lines that begin with a dot too.
func TestPOP3Messages(t *testing.T) {
	s := closing(t, boxes(t).POP3(listen(t), Options{}))
	c := dialPOP3(t, s)
	c.read()
	c.want("USER alice", "+OK", "PASS wonder land", "+OK")
	all, err := Sample()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range all {
		c.want(fmt.Sprintf("LIST %d", i+1), fmt.Sprintf("+OK %d %d", i+1, len(want)))
		c.want(fmt.Sprintf("RETR %d", i+1), "+OK")
		if got := strings.Join(c.block(), "\r\n") + "\r\n"; got != string(want) {
			t.Errorf("message %d:\n%s\nwant:\n%s", i+1, got, want)
		}
	}
	c.want("TOP 1 2", "+OK")
	header, _, _ := bytes.Cut(all[0], []byte("\r\n\r\n"))
	want := append(strings.Split(string(header), "\r\n"), "", "Hello Alice,", "")
	if got := c.block(); !slices.Equal(got, want) {
		t.Errorf("TOP 1 2 = %q, want %q", got, want)
	}
	c.want("TOP 1 0", "+OK")
	if got := c.block(); len(got) != len(want)-2 {
		t.Errorf("TOP 1 0 = %q, want the header and an empty line", got)
	}
	c.want("TOP 1", "-ERR")
}

func TestPOP3Logins(t *testing.T) {
	ir := base64.StdEncoding.EncodeToString([]byte("\x00alice\x00wonder land"))
	bad := base64.StdEncoding.EncodeToString([]byte("\x00alice\x00x"))
	tests := []struct {
		name string
		says []string
	}{
		{"a wrong password", []string{"USER alice", "+OK", "PASS x", "-ERR [AUTH]", "USER alice", "+OK", "PASS wonder land", "+OK"}},
		{"an unknown user", []string{"USER bob", "+OK", "PASS ", "-ERR [AUTH]"}},
		{"PASS alone", []string{"PASS x", "-ERR"}},
		{"PLAIN with an initial response", []string{"AUTH PLAIN " + ir, "+OK"}},
		{"PLAIN", []string{"AUTH plain", "+ ", ir, "+OK"}},
		{"PLAIN with a wrong password", []string{"AUTH PLAIN", "+ ", bad, "-ERR [AUTH]"}},
		{"PLAIN given up", []string{"AUTH PLAIN", "+ ", "*", "-ERR", "USER alice", "+OK"}},
		{"PLAIN that is no base64", []string{"AUTH PLAIN !", "-ERR"}},
		{"another mechanism", []string{"AUTH CRAM-MD5", "-ERR"}},
		{"APOP with a wrong digest", []string{"APOP alice 00", "-ERR [AUTH]"}},
	}
	s := closing(t, boxes(t).POP3(listen(t), Options{}))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := dialPOP3(t, s)
			c.read()
			c.want(tt.says...)
			c.want("QUIT", "+OK")
		})
	}
	t.Run("APOP", func(t *testing.T) {
		c := dialPOP3(t, s)
		greeting := c.read()
		stamp := greeting[strings.Index(greeting, "<"):]
		sum := md5.Sum([]byte(stamp + password))
		c.want("APOP alice "+hex.EncodeToString(sum[:]), "+OK", "STAT", "+OK 5", "QUIT", "+OK")
	})
}

// One session at a time has a maildrop, RFC 1939 §4.
func TestPOP3Lock(t *testing.T) {
	s := closing(t, boxes(t).POP3(listen(t), Options{}))
	first, second := dialPOP3(t, s), dialPOP3(t, s)
	first.read()
	second.read()
	first.want("USER alice", "+OK", "PASS wonder land", "+OK")
	second.want("USER alice", "+OK", "PASS wonder land", "-ERR [IN-USE]")
	first.want("QUIT", "+OK")
	if _, err := first.r.ReadByte(); err == nil {
		t.Fatal("the connection stays open after QUIT")
	}
	second.want("USER alice", "+OK", "PASS wonder land", "+OK")
}

// What came in the same packet as STLS is not executed, RFC 2595 §4.
func TestPOP3Upgrade(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	s := closing(t, boxes(t).POP3(listen(t), Options{Mode: Required, TLS: serverTLS}))
	c := dialPOP3(t, s)
	c.read()
	c.want("USER alice", "-ERR [AUTH]", "AUTH PLAIN AGEAYg==", "-ERR [AUTH]", "CAPA", "+OK")
	if got := c.block(); slices.Contains(got, "USER") || !slices.Contains(got, "STLS") {
		t.Errorf("before STLS CAPA gives %q", got)
	}
	c.want("STLS\r\nQUIT", "+OK")
	secure := tls.Client(c.conn, clientTLS)
	c.conn, c.r = secure, bufio.NewReader(secure)
	c.want("CAPA", "+OK")
	if got := c.block(); !slices.Contains(got, "USER") || slices.Contains(got, "STLS") {
		t.Errorf("behind STLS CAPA gives %q", got)
	}
	c.want("STLS", "-ERR", "USER alice", "+OK", "PASS wonder land", "+OK", "QUIT", "+OK")
}

// Without QUIT nothing is removed; with it, IMAP sees that it is gone, and a
// session that has the mailbox open is told.
func TestPOP3DeletionIsSeenByIMAP(t *testing.T) {
	m := boxes(t)
	pop, server := closing(t, m.POP3(listen(t), Options{})), closing(t, m.IMAP(listen(t), Options{}))
	expunged := make(chan uint32, 10)
	conn, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	client := imapclient.New(conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{Expunge: func(n uint32) { expunged <- n }}})
	defer client.Close()
	if err := client.Login(user, password).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	c := dialPOP3(t, pop)
	c.read()
	c.want("USER alice", "+OK", "PASS wonder land", "+OK", "DELE 2", "+OK")
	c.conn.Close()
	if got := status(t, client); got != 5 {
		t.Fatalf("%d messages after a session without QUIT, want 5", got)
	}
	for { // until the server noticed that the first one left
		c = dialPOP3(t, pop)
		c.read()
		c.want("USER alice", "+OK")
		if c.say("PASS wonder land")[0] == '+' {
			break
		}
		c.conn.Close()
	}
	c.want("DELE 2", "+OK", "QUIT", "+OK bye, 4 messages left")
	if err := client.Noop().Wait(); err != nil {
		t.Fatal(err)
	}
	if got := <-expunged; got != 2 {
		t.Errorf("EXPUNGE %d, want 2", got)
	}
	if got := status(t, client); got != 4 {
		t.Errorf("%d messages after QUIT, want 4", got)
	}
}

func status(t *testing.T, client *imapclient.Client) uint32 {
	t.Helper()
	data, err := client.Status("INBOX", &imap.StatusOptions{NumMessages: true}).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return *data.NumMessages
}

func TestIMAPModes(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	options := &imapclient.Options{TLSConfig: clientTLS}
	tests := []struct {
		mode Mode
		dial func(addr string) (*imapclient.Client, error)
	}{
		{Clear, func(addr string) (*imapclient.Client, error) { return imapclient.DialInsecure(addr, nil) }},
		{Offered, func(addr string) (*imapclient.Client, error) { return imapclient.DialInsecure(addr, nil) }},
		{Offered, func(addr string) (*imapclient.Client, error) { return imapclient.DialStartTLS(addr, options) }},
		{Required, func(addr string) (*imapclient.Client, error) { return imapclient.DialStartTLS(addr, options) }},
		{Implicit, func(addr string) (*imapclient.Client, error) { return imapclient.DialTLS(addr, options) }},
	}
	for _, tt := range tests {
		s := closing(t, boxes(t).IMAP(listen(t), Options{Mode: tt.mode, TLS: serverTLS}))
		client, err := tt.dial(s.Addr().String())
		if err != nil {
			t.Fatalf("mode %d: %v", tt.mode, err)
		}
		if err := client.Login(user, password).Wait(); err != nil {
			t.Errorf("mode %d: %v", tt.mode, err)
		}
		client.Close()
	}
	s := closing(t, boxes(t).IMAP(listen(t), Options{Mode: Required, TLS: serverTLS}))
	client, err := imapclient.DialInsecure(s.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Login(user, password).Wait(); err == nil {
		t.Error("Required takes a password in the clear")
	}
}

// Every sample message can be asked for its structure: none makes the library panic.
func TestSampleStructures(t *testing.T) {
	s := closing(t, boxes(t).IMAP(listen(t), Options{Log: t.Logf}))
	client, err := imapclient.DialInsecure(s.Addr().String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Login(user, password).Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Select("INBOX", nil).Wait(); err != nil {
		t.Fatal(err)
	}
	found, err := client.Fetch(imap.SeqSet{{Start: 1, Stop: 0}}, &imap.FetchOptions{Envelope: true, BodyStructure: &imap.FetchItemBodyStructure{Extended: true}}).Collect()
	if err != nil || len(found) != 5 {
		t.Fatalf("%d messages, %v", len(found), err)
	}
	if got := found[1].Envelope.Subject; got != "Zürcher Grüße und ein Rezept 🍎" {
		t.Errorf("the subject is %q", got)
	}
}

// An open connection does not keep Close waiting, whatever it is doing.
func TestCloseEndsConnections(t *testing.T) {
	serverTLS, _ := certificate(t)
	for _, mode := range []Mode{Clear, Implicit} {
		m := boxes(t)
		for _, s := range []*Server{m.POP3(listen(t), Options{Mode: mode, TLS: serverTLS}), m.IMAP(listen(t), Options{Mode: mode, TLS: serverTLS})} {
			c := dialPOP3(t, s)
			if mode == Clear {
				c.read()
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := c.r.ReadByte(); err == nil {
				t.Error("the connection is still open")
			}
		}
	}
}
