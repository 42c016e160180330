package mailserver

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Limits of a POP3 connection.
const (
	maxLine    = 8 << 10          // octets; SASL's initial responses are the longest (RFC 5034 §4)
	autologout = 10 * time.Minute // RFC 1939 §3: at least that
	maxErrors  = 20               // refused commands before login
)

// POP3 serves INBOX of the mailboxes on l, which it closes in the end.
func (m *Mailboxes) POP3(l net.Listener, o Options) *Server {
	s := &Server{listener: newTracker(l)}
	s.running.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			go (&popSession{boxes: m, o: o, raw: conn}).serve()
		}
	})
	return s
}

// popSession is one connection: AUTHORIZATION while drop is nil, then TRANSACTION.
type popSession struct {
	boxes *Mailboxes
	o     Options

	raw    net.Conn // what was accepted
	conn   net.Conn // raw, or TLS on it
	tls    bool
	r      *bufio.Reader
	w      *bufio.Writer
	stamp  string // the greeting's timestamp, RFC 1939 §7 APOP
	user   string // named by USER
	holder string // who has the maildrop
	drop   *maildrop
	utf8   bool
	errors int
	ended  bool // after QUIT
}

// serve speaks until one side ends; a panic ends this connection alone.
func (s *popSession) serve() {
	defer s.raw.Close()
	defer s.leave()
	defer func() {
		if v := recover(); v != nil {
			s.o.log("a POP3 connection ended with a panic: %v", v)
		}
	}()
	if s.o.Mode == Implicit {
		s.secure()
	} else {
		s.use(s.raw)
	}
	if err := s.run(); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		s.o.log("a POP3 connection ended: %v", err)
	}
}

func (s *popSession) use(conn net.Conn) {
	s.conn = conn
	s.r, s.w = bufio.NewReaderSize(conn, maxLine), bufio.NewWriter(conn)
}

// secure puts TLS on the connection and forgets what came before it, RFC 2595 §4.
func (s *popSession) secure() {
	s.use(tls.Server(s.raw, s.o.TLS))
	s.tls, s.user = true, ""
}

// run greets and answers commands until one side ends.
func (s *popSession) run() error {
	mark := make([]byte, 8)
	if _, err := rand.Read(mark); err != nil {
		return err
	}
	s.stamp = fmt.Sprintf("<%s@mail.example.org>", hex.EncodeToString(mark))
	s.ok("POP3 server ready %s", s.stamp)
	for !s.ended {
		line, err := s.line()
		if err != nil {
			return err
		}
		s.command(line)
	}
	return s.w.Flush()
}

// line reads one line without its end. What was answered is sent first, unless
// more commands are there already (PIPELINING, RFC 2449 §6.6).
func (s *popSession) line() (string, error) {
	if s.r.Buffered() == 0 {
		if err := s.w.Flush(); err != nil {
			return "", err
		}
	}
	if err := s.raw.SetDeadline(time.Now().Add(autologout)); err != nil {
		return "", err
	}
	line, err := s.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		s.fail("", "a line of more than %d octets", maxLine)
		s.w.Flush()
		return "", fmt.Errorf("reading a line: %w", err)
	}
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// ok answers +OK.
func (s *popSession) ok(format string, args ...any) {
	s.write("+OK " + fmt.Sprintf(format, args...))
}

// fail answers -ERR, with a response code (RFC 2449 §8) unless that is "".
func (s *popSession) fail(code, format string, args ...any) {
	if code != "" {
		code = "[" + code + "] "
	}
	s.write("-ERR " + code + fmt.Sprintf(format, args...))
	if s.drop == nil {
		s.errors++
		s.ended = s.ended || s.errors >= maxErrors
	}
}

// write sends a line; an error shows at the next Flush.
func (s *popSession) write(line string) {
	s.w.WriteString(line)
	s.w.WriteString("\r\n")
}

// block sends the lines of a multi-line response, byte-stuffed, and its
// termination octet, RFC 1939 §3.
func (s *popSession) block(lines []string) {
	for _, line := range lines {
		if strings.HasPrefix(line, ".") {
			s.w.WriteByte('.')
		}
		s.write(line)
	}
	s.write(".")
}

// leave gives the maildrop back. Without QUIT nothing is deleted, RFC 1939 §6.
func (s *popSession) leave() {
	if s.drop == nil {
		return
	}
	s.drop.close()
	s.boxes.unlock(s.holder)
	s.drop = nil
}
