package peertest

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Ports are where a server of this package listens on 127.0.0.1.
type Ports struct {
	IMAP, IMAPS, POP3, POP3S int
}

// Server is a running mail server.
type Server struct {
	Name  string // dovecot, cyrus
	Ports Ports
	CA    string // the file of the authority that signed its certificate
	Host  string // what routes call it; localhost where empty

	users []User
	taken atomic.Int32
}

// User is an account of a Server, with a mailbox of its own.
type User struct {
	Name, Password string
}

// User returns an account that no other caller got: its INBOX holds the samples.
func (s *Server) User(t testing.TB) User {
	t.Helper()
	n := int(s.taken.Add(1))
	if n > len(s.users) {
		t.Fatalf("the server has %d users, and all of them are taken", len(s.users))
	}
	return s.users[n-1]
}

// Sent returns the hashes of the messages that every INBOX began with, as
// proto delivers them: a POP3 block has whole lines alone.
func Sent(proto string) []string {
	var hashes []string
	for _, m := range Samples() {
		if proto == "pop3" && !strings.HasSuffix(m.Text, "\r\n") {
			m.Text += "\r\n"
		}
		hashes = append(hashes, m.Hash())
	}
	return hashes
}

// Secrets returns the passwords of all users.
func (s *Server) Secrets() []string {
	var secrets []string
	for _, u := range s.users {
		secrets = append(secrets, u.Password)
	}
	return secrets
}

// Port returns where the server speaks proto (imap or pop3) with the security given.
func (s *Server) Port(proto string, security Security) int {
	switch {
	case proto == "imap" && security == Implicit:
		return s.Ports.IMAPS
	case proto == "imap":
		return s.Ports.IMAP
	case security == Implicit:
		return s.Ports.POP3S
	default:
		return s.Ports.POP3
	}
}

// Security is how a client's connection is secured.
type Security string

// The kinds of security.
const (
	Implicit  Security = "implicit"
	StartTLS  Security = "starttls"
	Cleartext Security = "cleartext"
)

// Securities is all of them.
var Securities = []Security{Implicit, StartTLS, Cleartext}

// Scheme returns the URL scheme of a route's side.
func (s Security) Scheme(proto string) string {
	switch s {
	case Implicit:
		return proto + "s"
	case StartTLS:
		return proto + "+starttls"
	}
	return proto
}

// makeUsers makes n accounts. Their passwords have characters that no IMAP atom may.
func makeUsers(n int) []User {
	users := make([]User, n)
	for i := range users {
		users[i] = User{
			Name:     fmt.Sprintf("user%02d", i+1),
			Password: fmt.Sprintf("Tr0ub4dor%%%02d kVexillum", i+1),
		}
	}
	return users
}

// freePorts returns n ports of 127.0.0.1 that nobody listened on a moment ago.
func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// answers reports whether a server on port sends its greeting.
func answers(port int) bool {
	conn, err := net.DialTimeout("tcp", Address(port), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return false
	}
	n, err := conn.Read(make([]byte, 4))
	return n > 0 && err == nil
}

// Address returns 127.0.0.1:port.
func Address(port int) string {
	return "127.0.0.1:" + strconv.Itoa(port)
}

// Share gives s the accounts of other: both are ways to the same server.
func (s *Server) Share(other *Server) { s.users = other.users }
