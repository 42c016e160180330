// Package mailserver is a small IMAP server (go-imap's, RFC 3501 and RFC 9051)
// and a small POP3 server (our own, RFC 1939, 2449, 2595, 5034, 6856) with
// sample mail, in memory: for `mailtap demo`, and for tests that want a server
// without installing one.
//
// Both servers open the same mailboxes: what POP3 deletes is gone for IMAP.
// They are no servers for real mail: nothing is kept, and passwords lie about
// in the clear. What go-imap's memory server does differently from others:
// flag names come in lower case, mailboxes have no special use, and of SASL
// there is PLAIN alone.
package mailserver

import (
	"crypto/tls"
	"errors"
	"net"
	"sync"
)

// Mode is how TLS comes into a connection.
type Mode uint8

// The modes.
const (
	Clear    Mode = iota // never
	Implicit             // from the first octet, RFC 8314
	Offered              // by STARTTLS or STLS, which a client may leave
	Required             // by STARTTLS or STLS, without which no password is taken
)

// Options say how a server is to behave.
type Options struct {
	Mode Mode
	TLS  *tls.Config // for every mode but Clear

	// Log is told what goes wrong inside the server: panics of the IMAP
	// library, which end that connection alone. nil is silence.
	Log func(format string, args ...any)
}

func (o Options) log(format string, args ...any) {
	if o.Log != nil {
		o.Log(format, args...)
	}
}

// A Server answers on one listener until it is closed.
type Server struct {
	listener *tracker
	stop     func() error   // of the library, where there is one
	running  sync.WaitGroup // accepting
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close stops listening, ends every connection, and waits until all is over.
func (s *Server) Close() error {
	err := s.listener.Close()
	if s.stop != nil {
		err = errors.Join(err, s.stop())
	}
	s.listener.end()
	s.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// tracker is a listener that knows its open connections: go-imap's server may
// forget one that was accepted just before it is closed.
type tracker struct {
	net.Listener
	mu     sync.Mutex
	ended  bool
	conns  map[*tracked]bool
	served sync.WaitGroup
}

func newTracker(l net.Listener) *tracker {
	return &tracker{Listener: l, conns: map[*tracked]bool{}}
}

func (t *tracker) Accept() (net.Conn, error) {
	conn, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		conn.Close()
		return nil, net.ErrClosed
	}
	c := &tracked{Conn: conn, t: t}
	t.conns[c] = true
	t.served.Add(1)
	return c, nil
}

// end cuts what is still connected and waits for those who serve it.
func (t *tracker) end() {
	t.mu.Lock()
	t.ended = true
	for c := range t.conns {
		c.Conn.Close()
	}
	t.mu.Unlock()
	t.served.Wait()
}

// tracked is a connection whose Close says that it is served no more.
type tracked struct {
	net.Conn
	t    *tracker
	once sync.Once
}

func (c *tracked) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		c.t.mu.Lock()
		delete(c.t.conns, c)
		c.t.mu.Unlock()
		c.t.served.Done()
	})
	return err
}
