package imap

import (
	"bytes"
	"strconv"

	"mailtap/parse/event"
	"mailtap/parse/sasl"
	"mailtap/parse/wire"
)

// login is what LOGIN's arguments told so far.
type login struct {
	index int // arguments seen
	user  string
	form  string
	shape string
	at    int    // where the password begins, in the message
	kept  []byte // of a literal that is secret, until its end
}

// Login is the Data of a LOGIN command.
type Login struct {
	User  string `json:"user,omitempty"`
	Form  string `json:"form,omitempty"`  // atom, quoted, literal, line
	Shape string `json:"shape,omitempty"` // what may be said of the password
}

// auth is an AUTHENTICATE exchange.
type auth struct {
	active    bool
	cancelled bool
	named     bool // the mechanism, or something in its place, stands on the command's line
	ex        *sasl.Exchange
	seq       int64 // of the command
	asked     int   // continuation requests
	answered  int   // client lines since the command
	spoke     bool  // the client has sent a response, an initial one or a line
}

// idle is an IDLE command.
type idle struct {
	active bool // DONE has not come
	seq    int64
	asked  bool // the continuation request came
	spoilt bool // a line that is not DONE came
}

const maxKept = 1 << 10 // of a literal that is a password, for its shape

// secretsOf finds the secrets in a line, or a piece of one, of the open
// message, and follows the exchange that they belong to. What a capture says
// goes before what could be found.
func (s *Session) secretsOf(d *dir, f Fragment) []wire.Secret {
	given := d.given.take(d.off, len(f.Data))
	s.found = s.found[:0]
	if d.side == event.SideClient {
		s.clientSecrets(&d.msg, f, given)
	} else {
		s.serverSecrets(&d.msg, f, given)
	}
	if len(given) > 0 {
		return given
	}
	return s.found
}

// clientSecrets is secretsOf for a client's line.
func (s *Session) clientSecrets(m *message, f Fragment, given []wire.Secret) {
	end := len(trimEnd(f.Data))
	if f.Mark.Len > 0 {
		end = max(len(f.Data)-f.Mark.Len, 0)
		if end > 0 && f.Data[end-1] == ' ' {
			end--
		}
	}
	line := f.Data[:end]
	if m.piece {
		s.pieceSecrets(m, line)
		return
	}
	op := opNone
	if m.row != nil {
		op = m.row.op
	}
	off := 0
	if !m.open {
		off = min(m.rest, end)
	}
	switch {
	case m.line == lineSASL:
		s.saslResponse(m, line, given)
	case m.line == lineStray:
		s.hide(line, 0, m.tag, "line", "")
		s.echo.Listen(line[:m.tag])
		first, _ := nextWord(line)
		s.echo.Listen(first) // what a server takes for the tag
	case op == opLogin:
		s.loginArguments(m, line, off, given)
	case op == opAuthenticate && !m.open:
		s.authenticate(m, line, off, given)
	case op == opAuthenticate, m.row == nil && m.line != lineBlank && !s.journal.State.LoggedIn():
		s.unknown(m, line, off)
	case op == opURL || op == opAppend:
		s.urlauth(line)
	}
}

// pieceSecrets is for the later pieces of a line too long to be held: where
// there may be a secret in it, all of it is masked.
func (s *Session) pieceSecrets(m *message, line []byte) {
	secret := m.row == nil && !s.journal.State.LoggedIn() || m.line == lineSASL ||
		m.row != nil && (m.row.op == opLogin || m.row.op == opAuthenticate)
	if secret && len(line) > 0 {
		s.found = append(s.found, wire.Secret{Len: len(line), Form: "line"})
	}
}

// unknown masks what stands behind the second word of a line that is no known
// command: before the login that may be anything.
func (s *Session) unknown(m *message, line []byte, off int) {
	if m.kind == event.KindClientData {
		return
	}
	if first, rest := nextWord(line); m.kind == event.KindOctets && len(first) > 0 {
		_, rest = nextWord(skipBlanks(rest))
		off = len(line) - len(rest)
	}
	off = len(line) - len(skipBlanks(line[off:]))
	s.hide(line, off, len(line), "line", "")
	s.echo.Listen(line[off:])
}

// hide adds a secret, and says its shape.
func (s *Session) hide(line []byte, off, end int, form, mech string) string {
	shape := sasl.Shape(line[off:end], form)
	if end > off {
		s.found = append(s.found, wire.Secret{Off: off, Len: end - off, Form: form, Mech: mech, Shape: shape})
	}
	return shape
}

// loginArguments reads user and password (RFC 9051 §6.2.3): the user as far as
// it is well formed, and all behind it is the password, whatever its form.
func (s *Session) loginArguments(m *message, line []byte, off int, given []wire.Secret) {
	l := &m.login
	for {
		off = len(line) - len(skipBlanks(line[off:]))
		if off >= len(line) {
			return
		}
		if l.index < 2 {
			l.at = int(m.bytes) + off
		}
		if x := covering(given, off, line[off] == '"'); x != nil {
			if l.index < 2 {
				l.index, l.form, l.shape = 2, x.Form, x.Shape
				s.owed = x.Note == announces
			}
			return
		}
		if l.index > 0 {
			s.password(l, line, off)
			return
		}
		value, rest, ok := astring(line[off:])
		if !ok {
			l.form, l.shape = "line", s.hide(line, off, len(line), "line", "LOGIN")
			l.index = 2
			return
		}
		l.user, l.index = s.userName(value), 1
		off = len(line) - len(rest)
	}
}

// password masks what is, or should be, LOGIN's second argument.
func (s *Session) password(l *login, line []byte, off int) {
	rest, form := line[off:], "atom"
	end := len(line)
	switch {
	case l.index > 1:
		form = "line"
	case rest[0] != '"':
		if bytes.IndexByte(rest, ' ') >= 0 {
			form = "line"
		}
	default:
		form, off = "line", off+1
		if i := quotedEnd(rest); i > 0 && len(skipBlanks(rest[i+1:])) == 0 {
			form, end = "quoted", off+i-1
		}
	}
	shape := s.hide(line, off, end, form, "LOGIN")
	if l.index < 2 {
		l.index, l.form, l.shape = 2, form, shape
		s.echo.Listen(line[off:end])
		if form == "quoted" {
			s.echo.Listen(unescaped(line[off:end]))
		}
		if s.owed = rest[0] == '{'; s.owed {
			s.found[len(s.found)-1].Note = announces
		}
	}
}

// announces is the note of a password that looks like a literal's announcement
// with a number that is none: what it announced is a line of its own.
const announces = "it announces a literal"

// unescaped is what a quoted string stands for (RFC 9051 §9, QUOTED-CHAR).
func unescaped(text []byte) []byte {
	var plain []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		plain = append(plain, text[i])
	}
	return plain
}

// covering is the given secret at off, or right behind the quotation mark there.
func covering(given []wire.Secret, off int, quoted bool) *wire.Secret {
	for i := range given {
		x := &given[i]
		if x.Off <= off && off < x.Off+x.Len || quoted && x.Off == off+1 {
			return x
		}
	}
	return nil
}

// keep takes octets of a literal that is secret.
func (l *login) keep(data []byte) {
	if len(l.kept)+len(data) <= maxKept {
		l.kept = append(l.kept, data...)
	}
}

// forget overwrites what was kept of it.
func (l *login) forget() {
	clear(l.kept)
	l.kept = nil
}

// literalEnd takes the end of such a literal, and gives its shape.
func (s *Session) literalEnd(m *message, size int64) (shape string) {
	l := &m.login
	if l.index == 0 {
		l.user, l.index = s.userName(m.data[m.lit.off:m.lit.off+m.lit.kept]), 1
		return ""
	}
	shape = "a literal of " + strconv.FormatInt(size, 10) + " bytes"
	if int64(len(l.kept)) == size {
		shape = sasl.Shape(l.kept, "literal")
		s.echo.Listen(l.kept)
	}
	l.forget()
	if l.index == 1 {
		l.index, l.form, l.shape = 2, "literal", shape
	}
	return shape
}

// loginCut is the end of a message inside the literal that is the password.
func (m *message) loginCut() {
	if m.lit.secret && m.login.index == 1 {
		m.login.form = "literal"
		m.login.shape = "a literal of " + strconv.FormatInt(m.lit.Size, 10) + " bytes, of which " +
			strconv.FormatInt(m.lit.got, 10) + " came"
	}
}

func (s *Session) userName(value []byte) string { return clipValue(wire.Escape(value)) }

// authenticate reads mechanism and initial response (RFC 9051 §6.2.2).
func (s *Session) authenticate(m *message, line []byte, off int, given []wire.Secret) {
	off = len(line) - len(skipBlanks(line[off:]))
	mech, rest, ok := astring(line[off:])
	if !ok || covering(given, off, false) != nil || !sasl.IsMech(mech) {
		// What is no mechanism may be the response, its mechanism left out.
		mech, rest = nil, line[off:]
	}
	s.auth = auth{active: true, named: off < len(line), ex: sasl.New(string(mech))}
	rest = skipBlanks(rest)
	if len(rest) == 0 {
		return
	}
	off = len(line) - len(rest)
	m.sasl = s.clientStep(rest, off, given)
}

// saslResponse is a client's line of an exchange.
func (s *Session) saslResponse(m *message, line []byte, given []wire.Secret) {
	s.auth.answered++
	m.sasl = s.clientStep(line, 0, given)
}

// clientStep hands what the client sent to the exchange. A capture has it
// masked, and says what it was.
func (s *Session) clientStep(text []byte, off int, given []wire.Secret) *sasl.Step {
	s.auth.spoke = true
	var step sasl.Step
	if len(given) > 0 {
		step = s.auth.ex.Recorded(event.SideClient, given[0])
	} else if step = s.auth.ex.Client(text); step.Secret && len(text) > 0 {
		s.found = append(s.found, step.Hidden(off, len(text)))
		s.echo.Listen(text)
		s.echo.ListenStep(step.Mech, text)
	}
	return &step
}
