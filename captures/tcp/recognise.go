package tcp

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mailtap/parse/event"
)

// Ports of mail servers: asked only where a stream's octets do not say what it is.
const (
	portPOP3  = 110
	portIMAP  = 143
	portIMAPS = 993
	portPOP3S = 995
)

// head keeps how a half begins.
func (s *Stream) head(i int, data []byte) {
	enough := 1 << 10
	if isTLS(s.heads[i]) || isTLS(data) {
		enough = 4 << 10 // a ClientHello with a post-quantum key
	}
	s.heads[i] = append(s.heads[i], data[:min(len(data), enough-min(enough, len(s.heads[i])))]...)
}

// recognise tells what the stream is, if that can be told: last where nothing
// more comes that could help.
func (s *Stream) recognise(last bool) {
	if s.state != unknown {
		return
	}
	for i := range s.heads {
		if isTLS(s.heads[i]) {
			s.recogniseTLS(i)
			return
		}
	}
	var client int
	var proto event.Proto
	if s.Whole {
		client, proto = s.client, s.fromItsBeginning()
	} else {
		client, proto = s.fromTheMiddle(last || s.kept() > maxUnknown)
	}
	if proto == event.ProtoNone {
		s.byPort(last)
		return
	}
	s.client = client
	s.open(mail, proto)
}

// fromItsBeginning is what a connection is that the capture has the beginning
// of: the server speaks first.
func (s *Stream) fromItsBeginning() event.Proto {
	if proto := spoken(s.heads[1-s.client], true); proto != event.ProtoNone || !answers(s.heads[1-s.client]) {
		return proto
	}
	return asked(s.heads[s.client])
}

// fromTheMiddle tells from both sides what a connection is, and which half is
// the client's. FTP has a USER too, and Redis says +OK: so the other side may
// not contradict, and is waited for if there is time.
func (s *Stream) fromTheMiddle(last bool) (client int, proto event.Proto) {
	for i := range s.heads {
		other := s.heads[1-i]
		if proto := spoken(s.heads[i], false); proto != event.ProtoNone {
			return 1 - i, agreed(proto, other, strangeCommand, last)
		}
		if proto := asked(s.heads[i]); proto != event.ProtoNone && spoken(other, false) == event.ProtoNone {
			return i, agreed(proto, other, strangeResponse, last)
		}
	}
	return -1, event.ProtoNone
}

// agreed is proto, unless the other side has begun with a line that is strange
// to it; while that side has no line yet, it is too early.
func agreed(proto event.Proto, other []byte, strange func(line string) bool, last bool) event.Proto {
	line, _, whole := strings.Cut(string(other), "\n")
	if !whole && !last || whole && proto == event.POP3 && strange(strings.ToUpper(line)) {
		return event.ProtoNone
	}
	return proto
}

// strangeCommand reports whether no client of POP3 says that. A word alone may
// be a SASL response.
func strangeCommand(line string) bool {
	word, _, more := strings.Cut(line, " ")
	return more && asked([]byte(line+"\r\n")) != event.POP3 &&
		!slices.Contains([]string{"LIST", "AUTH", "LANG", "XTND", "NOOP", "QUIT"}, word)
}

// strangeResponse reports whether FTP or SMTP may say that. POP3 may say
// anything but that in the middle of a response.
func strangeResponse(line string) bool {
	if len(line) < 4 || line[3] != ' ' && line[3] != '-' {
		return false
	}
	return strings.Trim(line[:3], "0123456789") == "" && line[0] >= '1' && line[0] <= '5' && !strings.ContainsAny(line[4:5], "0123456789")
}

// byPort is the last resort, for a capture that begins in the middle of a
// literal or of a message; and it gives up on what is something else.
func (s *Stream) byPort(last bool) {
	full := s.kept() > maxUnknown
	if s.Whole {
		greeted := len(s.heads[1-s.client]) >= 4 || bytes.IndexByte(s.heads[1-s.client], '\n') >= 0
		if greeted || full {
			s.pass()
		}
		return
	}
	if !full && !last {
		return
	}
	for i, port := range []uint16{s.key.a.Port(), s.key.b.Port()} {
		proto := map[uint16]event.Proto{portIMAP: event.IMAP, portPOP3: event.POP3}[port]
		if proto != event.ProtoNone && len(s.waits) > 0 {
			s.client = 1 - i
			s.open(mail, proto)
			return
		}
	}
	s.pass()
}

// open says what the stream is, and hands out what waited.
func (s *Stream) open(state state, proto event.Proto) {
	s.state, s.Proto = state, proto
	s.Client, s.Server = s.key.a, s.key.b
	if s.client == 1 {
		s.Client, s.Server = s.key.b, s.key.a
	}
	s.a.sink.Open(s)
	if !s.Whole && state == mail {
		for _, side := range []event.Side{event.SideServer, event.SideClient} {
			s.a.sink.Gap(s, side, 0, s.Start)
		}
	}
	s.release()
}

// spoken is the protocol of a server that begins like that. Of a connection
// that is whole it is the greeting (RFC 9051 §7.1, RFC 1939 §4), else any response.
func spoken(head []byte, whole bool) event.Proto {
	first := strings.ToUpper(string(head[:min(len(head), 256)]))
	switch {
	case hasPrefix(first, "+OK", "-ERR"):
		return event.POP3
	case hasPrefix(first, "* OK", "* PREAUTH", "* BYE"):
		return event.IMAP
	case whole:
		return event.ProtoNone
	}
	line, _, found := strings.Cut(first, "\r\n")
	words := strings.SplitN(line, " ", 4)
	if !found || len(words) < 2 {
		return event.ProtoNone
	}
	switch words[1] {
	case "OK", "NO", "BAD":
		return event.IMAP
	case "CAPABILITY", "LIST", "LSUB", "FLAGS", "SEARCH", "STATUS", "ESEARCH", "ID", "NAMESPACE":
		if words[0] == "*" {
			return event.IMAP
		}
	}
	if words[0] == "*" && len(words) > 2 {
		switch words[2] {
		case "EXISTS", "RECENT", "EXPUNGE", "FETCH":
			return event.IMAP
		}
	}
	return event.ProtoNone
}

// asked is the protocol of a client that says that in the middle of a session.
func asked(head []byte) event.Proto {
	line, _, found := strings.Cut(strings.ToUpper(string(head[:min(len(head), 512)])), "\r\n")
	if !found {
		return event.ProtoNone
	}
	words := strings.Split(line, " ")
	switch words[0] {
	case "USER", "PASS", "STAT", "RETR", "DELE", "UIDL", "TOP", "CAPA", "STLS", "APOP", "RSET":
		return event.POP3
	}
	if len(words) < 2 {
		return event.ProtoNone
	}
	switch words[1] {
	case "LOGIN", "AUTHENTICATE", "CAPABILITY", "SELECT", "EXAMINE", "FETCH", "UID", "STORE", "SEARCH", "IDLE",
		"LIST", "LSUB", "STATUS", "APPEND", "COPY", "MOVE", "EXPUNGE", "LOGOUT", "NOOP", "STARTTLS", "NAMESPACE", "ENABLE":
		return event.IMAP
	}
	return event.ProtoNone
}

// answers reports whether a server begins so that answers a command: where
// TLS was taken off by the recorder there may be no greeting (CONTRACT §4).
func answers(head []byte) bool {
	return spoken(head, false) != event.ProtoNone || bytes.HasPrefix(head, []byte("+ "))
}

func hasPrefix(text string, prefixes ...string) bool {
	for _, p := range prefixes {
		if rest, ok := strings.CutPrefix(text, p); ok && (rest == "" || rest[0] == ' ' || rest[0] == '\r' || rest[0] == '\n') {
			return true
		}
	}
	return false
}

// clear hands out octets of a session in the clear, up to where TLS begins.
func (s *Stream) clear(i int, data []byte, t time.Time) {
	side := s.side(i)
	if side == event.SideClient {
		if s.asked && isTLS(data) {
			s.upgrade(i, data, t)
			return
		}
		s.tail = append(s.tail, bytes.ToUpper(data[max(0, len(data)-32):])...)
		s.tail = append(s.tail[:0], s.tail[max(0, len(s.tail)-32):]...)
		s.asked = asksForTLS(s.tail)
	}
	s.a.sink.Octets(s, side, data, t)
}

// asksForTLS reports whether what a client sent ends in STARTTLS or STLS.
func asksForTLS(tail []byte) bool {
	line := bytes.TrimRight(tail, "\r\n")
	return len(line) < len(tail) && (bytes.HasSuffix(line, []byte(" STARTTLS")) || bytes.HasSuffix(line, []byte("STLS")))
}

// upgrade begins TLS in a session that was read so far.
func (s *Stream) upgrade(i int, data []byte, t time.Time) {
	s.state, s.hello, s.Upgraded = secret, new(hello), true
	s.hidden(i, data, t)
}

// recogniseTLS takes a connection that begins with TLS for a mail server's if
// its port or its ALPN says so; i is a half that begins so.
func (s *Stream) recogniseTLS(i int) {
	if s.client < 0 {
		s.client = i
		if len(s.heads[i]) > 5 && s.heads[i][5] == 2 { // a ServerHello
			s.client = 1 - i
		}
	}
	var h hello
	h.feed(event.SideClient, s.heads[s.client])
	server := s.key.b
	if s.client == 1 {
		server = s.key.a
	}
	proto := event.ProtoNone
	switch {
	case server.Port() == portIMAPS || h.offers("imap"):
		proto = event.IMAP
	case server.Port() == portPOP3S || h.offers("pop3"):
		proto = event.POP3
	default:
		if len(s.heads[s.client]) < 4<<10 && !h.client && s.kept() < maxUnknown {
			return // the hello is not whole yet
		}
		s.pass()
		s.a.passed.inTLS(h.shown.SNI, server)
		return
	}
	s.hello = new(hello)
	s.open(secret, proto)
}

// inTLS counts a connection to server inside TLS.
func (p *Passed) inTLS(name string, server netip.AddrPort) {
	p.TLS++
	text := server.String()
	if name != "" {
		text = fmt.Sprintf("%s:%d", name, server.Port())
	}
	if len(p.Servers) < maxServers && !slices.Contains(p.Servers, text) {
		p.Servers = append(p.Servers, text)
	}
}

// hidden takes octets of TLS: of its handshake what can be seen.
func (s *Stream) hidden(i int, data []byte, t time.Time) {
	side := s.side(i)
	s.Hidden[sideIndex(side)] += int64(len(data))
	s.hello.feed(side, data)
	if s.hello.whole() {
		s.tell(t)
	}
}

// tell says once what the handshake showed.
func (s *Stream) tell(t time.Time) {
	if s.hello != nil && !s.hello.told {
		s.hello.told = true
		s.a.sink.TLS(s, s.hello.handshake(), t)
	}
}
