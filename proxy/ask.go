package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"mailtap/parse/event"
)

// maxLine is how long a line may be that mailtap itself waits for, and maxAsked
// how many octets all of an answer.
const (
	maxLine  = 64 << 10
	maxAsked = 256 << 10
)

// errLong is a server that does not come to an end.
var errLong = errors.New("the answer is too long")

// upgradeCommand is the command that asks for TLS.
func upgradeCommand(proto event.Proto) string {
	if proto == event.POP3 {
		return "STLS"
	}
	return "STARTTLS"
}

// ask sends a command of mailtap's own to the server, on whose leg alone it and
// its answers exist, and reads up to its completion. Capabilities go to s.list.
// more is what the server said beside: status responses that nobody asked for,
// a second greeting among them, which are the client's.
func (s *session) ask(command string) (done, more []byte, err error) {
	s.asked++
	tag := ""
	if s.proto == event.IMAP {
		tag = "mailtap" + strconv.Itoa(s.asked) + " "
	}
	line := []byte(tag + command + "\r\n")
	s.guard(func() { s.parse.Inject(event.SideServer, line, clock()) })
	s.server.link.SetWriteDeadline(time.Now().Add(handshakeLimit))
	defer s.server.link.SetWriteDeadline(time.Time{})
	if err := s.server.put(line); err != nil {
		return nil, nil, err
	}
	for size := 0; size < maxAsked; {
		answer, err := s.line(handshakeLimit)
		if err != nil {
			return nil, more, err
		}
		size += len(answer)
		switch {
		case tag == "":
			return s.askedPOP3(command, answer)
		case bytes.HasPrefix(answer, []byte(tag)):
			s.serverLeg(answer)
			return answer[len(tag):], more, nil
		case startsWith(answer, "* CAPABILITY"):
			s.serverLeg(answer)
			s.list = bytes.TrimRight(answer[len("* CAPABILITY"):], "\r\n")
		default:
			more = append(more, answer...)
		}
	}
	return nil, more, errLong
}

// askedPOP3 reads what follows the first line of a POP3 answer.
func (s *session) askedPOP3(command string, first []byte) (done, more []byte, err error) {
	block := first
	for command == "CAPA" && positive(first) && len(block) < maxAsked {
		line, err := s.line(handshakeLimit)
		if err != nil {
			return nil, nil, err
		}
		block = append(block, line...)
		if string(bytes.TrimRight(line, "\r\n")) == "." {
			break
		}
		s.list = append(append(s.list, ' '), bytes.TrimRight(line, "\r\n")...)
	}
	s.serverLeg(block)
	return first, nil, nil
}

func (s *session) serverLeg(lines []byte) {
	s.guard(func() { s.parse.ServerLeg(lines, clock()) })
}

// line reads one line of the server's. Both loops stand still meanwhile.
func (s *session) line(limit time.Duration) ([]byte, error) {
	l := s.server
	l.link.SetReadDeadline(time.Now().Add(limit))
	defer l.link.SetReadDeadline(time.Time{})
	for {
		if i := bytes.IndexByte(l.rest, '\n'); i >= 0 {
			line := l.rest[: i+1 : i+1]
			l.rest = l.rest[i+1:]
			return line, nil
		}
		if len(l.rest) > maxLine || len(l.rest) > 0 && serviceOf(l.rest, s.proto) != "" {
			return l.rest, nil // no line of this protocol: fits says what it is
		}
		buf, n, err := l.read()
		if buf != nil {
			l.rest = append(l.rest, buf.data[:n]...)
			buf.release()
		}
		if err != nil && n == 0 {
			return nil, err
		}
	}
}

// silent fails the session for a server that did not say what it had to.
func (s *session) silent(err error) {
	switch {
	case s.ctx.Err() != nil:
		return
	case errors.Is(err, net.ErrClosed): // by the other loop: the client went first
		s.end(event.SideClient, "the client closed its connection")
		return
	}
	id, why := "net.reset", plain(err).Error()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		id, why = "net.timeout", "no answer in time"
	case errors.Is(err, errLong):
		id = "proto.wrong-service"
	case errors.Is(err, io.EOF):
		why = "the server closed the connection"
		fallthrough
	default:
		s.end(event.SideServer, fmt.Sprintf("waiting for %s: %s", s.place(), why))
	}
	s.fail(id, s.place()+": "+why+s.perhapsTLS(), fmt.Sprintf("waiting for %s: %s", s.place(), why))
}

// perhapsTLS says of a server that is silent in the clear what it most likely waits for.
func (s *session) perhapsTLS() string {
	if s.server.tls != nil || s.heard() {
		return ""
	}
	return "; a port on which TLS comes first (993, 995) is silent like that: for such a port give the route the scheme " + s.proto.String() + "s://"
}

// positive reports whether a completion, its tag cut off, is OK or +OK.
func positive(done []byte) bool { return startsWith(done, "OK") || startsWith(done, "+OK") }

// startsWith reports whether line begins with the words of prefix, in any case.
func startsWith(line []byte, prefix string) bool {
	if len(line) < len(prefix) || !bytes.EqualFold(line[:len(prefix)], []byte(prefix)) {
		return false
	}
	return len(line) == len(prefix) || bytes.IndexByte([]byte(" \r\n"), line[len(prefix)]) >= 0
}
