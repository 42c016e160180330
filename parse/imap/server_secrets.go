package imap

import (
	"bytes"

	"mailtap/parse/event"
	"mailtap/parse/sasl"
	"mailtap/parse/wire"
)

// serverSecrets is secretsOf for a server's line.
func (s *Session) serverSecrets(m *message, f Fragment, given []wire.Secret) {
	line := trimEnd(f.Data)
	s.listenHalf()
	switch {
	case m.piece, m.open && !s.echo.Empty(): // a later piece, or what stands behind a literal
		s.found = s.echo.Find(line, 0, s.found)
	case s.strays(m, line, given):
		s.hide(line, 0, m.tag, "line", "")
		s.echoed(m, line)
	case m.kind == event.KindContinuation && s.challenges():
		s.challenge(m, line, given)
	case !s.echo.Empty():
		s.echoed(m, line)
	case m.name == "GENURLAUTH" || m.name == "URLFETCH" || m.status != "" || m.kind == event.KindOctets:
		s.urlauth(line)
	}
}

// listenHalf keeps what of a credential came in a line or literal that has not
// ended: a server that is out of step may quote that much.
func (s *Session) listenHalf() {
	c := &s.client
	if s.journal.State.LoggedIn() && !s.auth.active {
		return
	}
	s.echo.Listen(c.msg.login.kept)
	if c.split.Held() == 0 {
		return
	}
	held := c.split.line
	if !c.msg.open && !s.auth.active {
		_, held = nextWord(held)
		_, held = nextWord(skipBlanks(held))
		if _, behind := nextWord(skipBlanks(held)); len(behind) > 0 {
			held = behind // the user, or the mechanism
		}
	}
	s.echo.Listen(bytes.Trim(held, "\" \r"))
}

// strays reports whether a server answers a line as a command that was none:
// its tag is the client's secret. In a capture a secret that the server quotes
// may have the same mask.
func (s *Session) strays(m *message, line []byte, given []wire.Secret) bool {
	i := -1
	if m.status != "" && m.tag > 0 && (line[0] != '*' || len(given) > 0 && given[0].Off == 0) {
		i = s.tagged(line[:m.tag])
	}
	m.stray = i >= 0 && s.pending[i].stray && (len(given) == 0 || given[0].Shape != sasl.EchoShape)
	return m.stray
}

// challenge is a server's line of an exchange.
func (s *Session) challenge(m *message, line []byte, given []wire.Secret) {
	text := line[min(m.rest, len(line)):]
	var step sasl.Step
	if len(given) > 0 {
		step = s.auth.ex.Recorded(event.SideServer, given[0])
	} else if step = s.serverStep(text); step.Secret && len(text) > 0 {
		s.found = append(s.found, step.Hidden(m.rest, len(text)))
	}
	m.sasl = &step
}

// serverStep hands a challenge to the exchange, unless it quotes a credential.
func (s *Session) serverStep(text []byte) sasl.Step {
	if s.echo.Quotes(text) {
		return s.auth.ex.Recorded(event.SideServer, wire.Secret{Shape: sasl.EchoShape})
	}
	return s.auth.ex.Server(text)
}

// echoed masks the credentials that a server quotes before the login stands, and
// those that it takes for a tag or the name of untagged data. A response code,
// its brackets, and a name that is known stay: the line has to read the same
// when it is masked.
func (s *Session) echoed(m *message, line []byte) {
	from := m.rest
	switch {
	case m.kind == event.KindOctets:
		if s.found = s.echo.Find(line, 0, s.found); len(s.found) > 0 {
			s.found[0].Note = unplaced
		}
		return
	case m.kind == event.KindContinuation:
	case m.status != "":
		if line[0] != '*' && s.tagged(line[:m.tag]) < 0 {
			s.found = s.echo.Find(line[:m.tag], 0, s.found)
		}
		if m.code != "" {
			from += len("[") + len(m.code) + len("]")
			if end := bytes.IndexByte(line[min(from, len(line)):], ']'); end >= 0 && line[from-1] == ' ' {
				s.found = s.echo.Find(line[:from+end], from, s.found)
				from += end + len("]")
			}
		}
	default:
		s.echoedName(m, line)
		from += len(" ")
	}
	s.found = s.echo.Find(line, from, s.found)
}

// unplaced is the note of a credential in octets that are no response: masked,
// with a blank in it, they may look like one.
const unplaced = "it stands in no response"

// echoedName is echoed for the name of untagged data, unless it is one.
func (s *Session) echoedName(m *message, line []byte) {
	before := len(s.found)
	if data.find([]byte(m.name)) == nil && m.rest > len(m.name) {
		s.found = s.echo.Find(line[:m.rest], max(m.rest-len(m.name), len("* ")), s.found)
	}
	if len(s.found) > before {
		masked := s.masked(line, s.found)
		_, rest := nextWord(masked)
		m.name = classifyUntagged(masked, rest).name
	}
}

var urlauthMark = []byte(";urlauth=")

// urlauth masks the tokens of ;urlauth=access:mechanism:token: who has one may
// fetch the message (RFC 4467 §3).
func (s *Session) urlauth(line []byte) {
	if bytes.IndexByte(line, ';') < 0 {
		return
	}
	low := lower(line)
	for off := 0; ; {
		i := bytes.Index(low[off:], urlauthMark)
		if i < 0 {
			return
		}
		off += i + len(urlauthMark)
		end := off + bytes.IndexAny(line[off:], "\" )")
		if end < off {
			end = len(line)
		}
		if fields := bytes.SplitN(line[off:end], []byte(":"), 3); len(fields) == 3 && len(fields[2]) > 0 {
			s.hide(line, end-len(fields[2]), end, "token", "URLAUTH")
		}
		off = end
	}
}

// lower is line with its ASCII letters in lower case, octet for octet:
// bytes.ToLower makes three octets of one that is not UTF-8.
func lower(line []byte) []byte {
	low := bytes.Clone(line)
	for i, c := range low {
		if c >= 'A' && c <= 'Z' {
			low[i] = c + 'a' - 'A'
		}
	}
	return low
}
