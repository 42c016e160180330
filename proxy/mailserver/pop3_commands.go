package mailserver

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"
)

// popCommand is a command: in which state it may come, and what it does.
type popCommand struct {
	in  popState
	run func(s *popSession, arg string)
}

type popState uint8

const (
	authorization popState = 1 << iota
	transaction
)

// popCommands is filled by init: the commands' functions read it (CAPA).
var popCommands map[string]popCommand

func init() {
	popCommands = map[string]popCommand{
		"CAPA": {authorization | transaction, (*popSession).capa},
		"STLS": {authorization, (*popSession).stls},
		"UTF8": {authorization, (*popSession).enableUTF8},
		"USER": {authorization, (*popSession).userName},
		"PASS": {authorization, (*popSession).pass},
		"APOP": {authorization, (*popSession).apop},
		"AUTH": {authorization, (*popSession).auth},
		"STAT": {transaction, (*popSession).stat},
		"LIST": {transaction, (*popSession).list},
		"UIDL": {transaction, (*popSession).uidl},
		"RETR": {transaction, (*popSession).retr},
		"TOP":  {transaction, (*popSession).top},
		"DELE": {transaction, (*popSession).dele},
		"RSET": {transaction, (*popSession).rset},
		"NOOP": {transaction, func(s *popSession, _ string) { s.ok("nothing done") }},
		"QUIT": {authorization | transaction, (*popSession).quit},
	}
}

// command answers one command.
func (s *popSession) command(line string) {
	keyword, arg, _ := strings.Cut(line, " ")
	state := authorization
	if s.drop != nil {
		state = transaction
	}
	c, known := popCommands[strings.ToUpper(keyword)]
	switch {
	case !known:
		s.fail("", "unknown command")
	case c.in&state == 0 && state == authorization:
		s.fail("", "log in first")
	case c.in&state == 0:
		s.fail("", "only before the login")
	default:
		c.run(s, arg)
	}
}

// mayLogIn reports whether a password may come in the clear.
func (s *popSession) mayLogIn() bool { return s.tls || s.o.Mode != Required }

// mayUpgrade reports whether STLS is there.
func (s *popSession) mayUpgrade() bool {
	return !s.tls && s.drop == nil && (s.o.Mode == Offered || s.o.Mode == Required)
}

// capa is RFC 2449 §5.
func (s *popSession) capa(string) {
	lines := []string{"TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER", "UTF8"}
	if s.mayLogIn() {
		lines = append(lines, "USER", "SASL PLAIN")
	}
	if s.mayUpgrade() {
		lines = append(lines, "STLS")
	}
	s.ok("what this server can do")
	s.block(append(lines, "IMPLEMENTATION mailtap"))
}

// stls is RFC 2595 §4. What was sent behind the line in the clear is dropped.
func (s *popSession) stls(string) {
	if !s.mayUpgrade() {
		s.fail("", "there is no TLS to begin")
		return
	}
	s.ok("begin TLS")
	if s.w.Flush() == nil {
		s.secure()
	}
}

// enableUTF8 is RFC 6856 §2. Messages are sent as they are either way.
func (s *popSession) enableUTF8(string) {
	s.utf8 = true
	s.ok("UTF8 enabled")
}

// quit ends the session, and removes what was deleted: RFC 1939 §5, §6.
func (s *popSession) quit(string) {
	s.ended = true
	if s.drop == nil {
		s.ok("bye")
		return
	}
	err := s.drop.update()
	n, _ := s.drop.count()
	s.leave() // before the answer: who has it may log in again
	if err != nil {
		s.o.log("updating a maildrop: %v", err)
		s.fail("SYS/TEMP", "some deleted messages were not removed")
		return
	}
	s.ok("bye, %s left", messages(n))
}

func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return strconv.Itoa(n) + " messages"
}

func (s *popSession) stat(string) {
	n, size := s.drop.count()
	s.ok("%d %d", n, size)
}

// list is the scan listing, RFC 1939 §5.
func (s *popSession) list(arg string) {
	s.listing(arg, func(m *message) string { return strconv.FormatInt(m.size, 10) })
}

// uidl is RFC 1939 §7.
func (s *popSession) uidl(arg string) {
	s.listing(arg, func(m *message) string { return m.id })
}

// listing says something of one message, or of all.
func (s *popSession) listing(arg string, say func(*message) string) {
	if arg != "" {
		if m, number := s.find(arg); m != nil {
			s.ok("%d %s", number, say(m))
		}
		return
	}
	n, size := s.drop.count()
	s.ok("%s (%d octets)", messages(n), size)
	var lines []string
	for i, m := range s.drop.messages {
		if !m.deleted {
			lines = append(lines, strconv.Itoa(i+1)+" "+say(m))
		}
	}
	s.block(lines)
}

// find is the message that an argument names; where there is none it says so.
func (s *popSession) find(arg string) (*message, int) {
	number, err := strconv.Atoi(arg)
	if err != nil {
		s.fail("", "a message-number is wanted")
		return nil, 0
	}
	m := s.drop.get(number)
	if m == nil {
		s.fail("", "no such message")
	}
	return m, number
}

func (s *popSession) retr(arg string) {
	if m, _ := s.find(arg); m != nil {
		s.send(m, -1)
	}
}

// top is RFC 1939 §7: the header, and so many lines of the body.
func (s *popSession) top(arg string) {
	number, count, _ := strings.Cut(arg, " ")
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 {
		s.fail("", "a message-number and a number of lines are wanted")
		return
	}
	if m, _ := s.find(number); m != nil {
		s.send(m, n)
	}
}

// send answers with a message; body is how many lines of it, -1 all.
func (s *popSession) send(m *message, body int) {
	text, err := s.drop.text(m)
	if err != nil {
		s.o.log("sending a message: %v", err)
		s.fail("SYS/TEMP", "the message cannot be read")
		return
	}
	s.ok("%d octets", m.size)
	s.block(lines(text, body))
}

// lines are the lines of a message: all of them, or its header, the empty line
// and so many of the body.
func lines(text []byte, body int) []string {
	var all []string
	header := true
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, len(text)+1)
	for in.Scan() {
		if !header && body == 0 {
			break
		}
		if !header && body > 0 {
			body--
		}
		all = append(all, in.Text())
		header = header && in.Text() != ""
	}
	return all
}

func (s *popSession) dele(arg string) {
	if m, number := s.find(arg); m != nil {
		m.deleted = true
		s.ok("message %d deleted", number)
	}
}

func (s *popSession) rset(string) {
	for _, m := range s.drop.messages {
		m.deleted = false
	}
	n, size := s.drop.count()
	s.ok("%s (%d octets)", messages(n), size)
}
