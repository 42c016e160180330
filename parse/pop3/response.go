package pop3

import (
	"bytes"
	"fmt"
	"strings"

	"mailtap/parse/event"
	"mailtap/parse/sasl"
	"mailtap/parse/wire"
)

// status is the first line of a response, taken apart.
type status struct {
	word  string // "+OK", "-ERR", another word in upper case that begins with + or -, or ""
	code  string // extended response code (RFC 2449 §8), upper case
	said  int    // where what the server may have quoted begins: behind the code's atom
	rest  span   // the text behind indicator and code
	fault string
}

// ok reports whether the status is positive. A word that only resembles +OK
// is not: no client can be relied on to take it for one.
func (st status) ok() bool { return st.word == "+OK" }

// isIndicator reports whether a word may be meant for a status indicator:
// +ERR, -NO. Lines of a message that got loose begin with "--" or "- ".
func isIndicator(word []byte) bool {
	if len(word) < 3 || len(word) > 6 {
		return false
	}
	for _, c := range word[1:] {
		if letter := c | 0x20; letter < 'a' || letter > 'z' {
			return false
		}
	}
	return true
}

// parseStatus reads a status line (RFC 1939 §3, RFC 2449 §4).
func parseStatus(data []byte) (st status) {
	text := trimEnd(data)
	st.rest = span{0, len(text)}
	if len(text) == 0 || text[0] != '+' && text[0] != '-' {
		st.fault = "expected a status indicator, got " + quote(text)
		return st
	}
	n := 0
	for _, word := range []string{"+OK", "-ERR"} {
		if len(text) >= len(word) && strings.EqualFold(string(text[:len(word)]), word) {
			st.word, n = word, len(word)
			if string(text[:n]) != word {
				st.fault = fmt.Sprintf("expected %q, got %s", word, quote(text[:n]))
			} else if n < len(text) && text[n] != ' ' {
				st.fault = fmt.Sprintf("expected SP at offset %d behind the status indicator", n) // what stands there may be a credential
			}
		}
	}
	if st.word == "" {
		word, _, _ := bytes.Cut(text, []byte(" "))
		n = len(word)
		st.fault = `expected "+OK" or "-ERR", got ` + quote(word)
		if !isIndicator(word) {
			return st
		}
		st.word = strings.ToUpper(string(word))
	}
	st.code, st.rest.off = responseCode(text, n)
	st.said = n
	if st.code != "" {
		st.said += bytes.IndexByte(text[n:], '[') + len("[") + len(st.code)
	}
	if st.fault == "" {
		st.fault = lineEndFault(data)
	}
	if st.fault == "" && len(data) > 512 {
		st.fault = fmt.Sprintf("line of %d octets is over the limit of 512", len(data))
	}
	return st
}

// responseCode reads "[CODE]" or "[CODE ...]" at off, behind spaces.
func responseCode(text []byte, off int) (code string, end int) {
	for off < len(text) && text[off] == ' ' {
		off++
	}
	if off >= len(text) || text[off] != '[' {
		return "", off
	}
	stop := bytes.IndexByte(text[off:], ']')
	if stop < 2 || stop > 255 {
		return "", off
	}
	word, _, _ := bytes.Cut(text[off+1:off+stop], []byte(" "))
	for _, c := range word {
		if c <= ' ' || c >= 0x7f {
			return "", off
		}
	}
	end = off + stop + 1
	for end < len(text) && text[end] == ' ' {
		end++
	}
	return strings.ToUpper(string(word)), end
}

// quote shows octets in an error, but not many.
func quote(text []byte) string {
	const most = 20
	if len(text) > most {
		text = text[:most]
	}
	return `"` + wire.Escape(text) + `"`
}

// isChallenge reports whether a line is "+ base64" (RFC 5034 §4). "+" alone is
// taken too: some servers leave the space away where the challenge is empty.
func isChallenge(data []byte) bool {
	text := trimEnd(data)
	return len(text) > 0 && text[0] == '+' && (len(text) == 1 || text[1] == ' ')
}

// fromServer takes a line of the client's leg that went to the client: the
// server's, or mailtap's.
func (s *Session) fromServer(l *line) {
	if s.open != nil && l.dir == s.open.dir {
		s.blockLine(l)
		return
	}
	st := parseStatus(l.data)
	if l.long && st.fault == "the line has no end" {
		st.fault = ""
	}
	head := s.head()
	first := !s.heard && l.dir == event.SideServer
	s.heard = s.heard || first
	switch {
	case !s.greeted && st.word != "":
		s.greeting(l, st)
	case head != nil && head.x != nil && isChallenge(l.data):
		s.challenge(l, head)
	case st.word == "":
		s.loose(l, st.fault)
	default:
		s.dir(l.dir).astray = false
		s.response(l, head, st)
	}
	if first {
		s.release()
	}
}

// known is the status indicator of an event: +OK, -ERR, or "" for another.
func (st status) known() string {
	if st.word == "+OK" || st.word == "-ERR" {
		return st.word
	}
	return ""
}

// greeting is the server's first line (RFC 1939 §4).
func (s *Session) greeting(l *line, st status) {
	s.greeted = true
	e := &event.Event{Kind: event.KindGreeting, Status: st.known(), Code: st.code, Error: st.fault}
	text := st.rest.of(l.data)
	if stamp := timestamp(text); stamp != nil {
		e.Data = &Greeting{Timestamp: wire.Escape(stamp)}
	}
	s.record(l, nil, e)
}

// timestamp finds the msg-id in a greeting (RFC 1939 §7): it has an "@".
func timestamp(text []byte) []byte {
	from := bytes.IndexByte(text, '<')
	if from < 0 {
		return nil
	}
	stop := bytes.IndexByte(text[from:], '>')
	if stop < 0 || bytes.IndexByte(text[from:from+stop], '@') < 0 {
		return nil
	}
	return text[from : from+stop+1]
}

// challenge is a server's part of a SASL exchange.
func (s *Session) challenge(l *line, p *pending) {
	text := trimEnd(l.data)
	known := l.known
	if len(known) == 0 && l.dir == event.SideServer && len(text) > 2 && s.echo.Quotes(text[2:]) {
		known = []wire.Secret{{Off: 2, Len: len(text) - 2, Form: "sasl", Mech: p.x.Mech(), Shape: sasl.EchoShape}}
	}
	h := hideStep(p.x, event.SideServer, l.data, span{min(2, len(text)), len(text)}, known)
	p.challenges++
	p.answered(l.first())
	e := &event.Event{Kind: event.KindContinuation, For: p.name, Data: h.step, Error: lineEndFault(l.data)}
	if e.Error == "" && len(text) == 1 {
		e.Error = "expected SP at offset 1 behind \"+\""
	}
	if e.Error == "" {
		e.Error = h.fault()
	}
	if l.long {
		e.Error = ""
	}
	s.record(l, h.secrets, e)
}

// response is a status line: it completes the oldest command, or opens the
// block that does.
func (s *Session) response(l *line, p *pending, st status) {
	e := &event.Event{Kind: event.KindResponse, Status: st.known(), Code: st.code, Error: st.fault}
	quoted := s.quoted(l, st.said)
	earlier := s.earlier
	s.earlier = false
	if p == nil {
		if earlier && st.ok() {
			e.Odd |= event.OddEarlier
		}
		s.record(l, quoted, e)
		return
	}
	p.answered(l.first())
	s.remove(p)
	if s.opens(p, l.data) && !l.long {
		s.openBlock(l, p, e, quoted)
		return
	}
	complete(e, p, l.last())
	s.effect(p, st)
	if login := loginData(p); login != nil {
		e.Data = login
	} else if st.ok() {
		var fault string
		e.Data, fault = lineData(p, l.data, st)
		if e.Error == "" {
			e.Error = fault
		}
	}
	s.record(l, quoted, e)
	if p.xmit && st.ok() {
		s.beginXmit()
	}
	s.release()
}

// effect is what a completed command changes.
func (s *Session) effect(p *pending, st status) {
	if p.name == "QUIT" && s.State == event.StateTransaction {
		s.State = event.StateUpdate // even if some messages could not be removed (RFC 1939 §6)
		return
	}
	s.owed = p.x != nil && p.responses == 0
	if !st.ok() {
		return
	}
	switch p.name {
	case "PASS", "APOP", "RPOP":
		s.login(p.user)
	case "AUTH":
		if p.x == nil {
			return
		}
		user := p.x.User()
		if user == "" {
			user = p.x.Authz()
		}
		s.login(user)
	}
}

func (s *Session) login(user string) {
	s.State = event.StateTransaction
	s.named = ""
	s.echo.Forget()
	s.Change(func(c *event.Context) { c.User = user })
}

// loginData is what a login's response is about; nil for other commands.
func loginData(p *pending) *Login {
	switch {
	case p.name == "PASS" || p.name == "RPOP":
		return &Login{Mech: "USER", User: p.user}
	case p.name == "APOP":
		return &Login{Mech: "APOP", User: p.user}
	case p.x != nil:
		return &Login{Mech: p.x.Mech(), User: p.x.User(), Authz: p.x.Authz(), Stage: p.x.Stage()}
	}
	return nil
}

// lineData reads the text of a positive single-line response.
func lineData(p *pending, data []byte, st status) (value any, fault string) {
	fields := bytes.Fields(st.rest.of(data))
	switch p.name {
	case "STAT":
		n, size, ok := twoNumbers(fields)
		if !ok {
			return nil, "in drop listing: expected two numbers behind +OK"
		}
		return &Stat{Messages: n, Octets: size}, ""
	case "LIST":
		n, size, ok := twoNumbers(fields)
		if !ok {
			return nil, "in scan listing: expected two numbers behind +OK"
		}
		return &Scan{Message: n, Octets: &size}, ""
	case "UIDL":
		if len(fields) < 2 {
			return nil, "in unique-id listing: expected a number and a unique-id behind +OK"
		}
		n, ok := number(fields[0])
		if !ok {
			return nil, "in unique-id listing: expected a number, got " + quote(fields[0])
		}
		return &Scan{Message: n, UID: wire.Escape(fields[1])}, uidFault(fields[1])
	}
	if p.number > 0 {
		return &Arguments{Message: &p.number}, ""
	}
	return nil, ""
}

func twoNumbers(fields [][]byte) (a, b int64, ok bool) {
	if len(fields) < 2 {
		return 0, 0, false
	}
	a, first := number(fields[0])
	b, second := number(fields[1])
	return a, b, first && second
}

// uidFault checks a unique-id: 1 to 70 octets from 0x21 to 0x7E (RFC 1939 §7).
func uidFault(uid []byte) string {
	if len(uid) > 70 {
		return fmt.Sprintf("in unique-id: %d octets are over the limit of 70", len(uid))
	}
	for i, c := range uid {
		if c < 0x21 || c > 0x7e {
			return fmt.Sprintf("in unique-id: octet at offset %d is outside of 0x21 to 0x7E", i)
		}
	}
	return ""
}
