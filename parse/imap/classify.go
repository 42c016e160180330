package imap

import (
	"bytes"

	"mailtap/parse/event"
)

// clientLine is what a client's line is beyond its Kind.
type clientLine uint8

const (
	lineCommand    clientLine = iota
	lineSASL                  // a response of an AUTHENTICATE exchange
	lineCancel                // "*"
	lineDone                  // DONE of IDLE
	lineNotDone               // anything else inside IDLE
	lineBlank                 // nothing at all
	lineStray                 // a secret, it may be, though nobody waits for one
	lineUnreadable            // octets that begin no command
)

// what says what a line is: the answer of classification, which changes nothing.
type what struct {
	kind   event.Kind
	line   clientLine
	tag    int      // octets of the tag, at the line's beginning
	row    *command // nil where the command is unknown
	name   string   // command, or type of untagged data; upper case
	rest   int      // where arguments, or a status response's text, begin
	status string
	code   string
	asked  kinds // the bit of untagged data, or of a code
}

// classifyClient says what a client's line is where no command is open.
func (s *Session) classifyClient(line []byte) what {
	text := trimEnd(line)
	switch {
	case s.auth.active:
		if w, ok := s.inAuthenticate(text); ok {
			return w
		}
	case s.idle.active:
		if w, ok := s.inIdle(text); ok {
			return w
		}
	}
	switch {
	case len(text) == 0:
		return what{kind: event.KindClientData, line: lineBlank}
	case equalFold(text, "DONE"):
		return what{kind: event.KindClientData, line: lineDone, name: "DONE"}
	case s.cancels(text):
		return what{kind: event.KindClientData, line: lineCancel}
	}
	w := classifyCommand(text)
	if w.kind == event.KindCommand && w.row == nil && (s.owed || !s.journal.State.LoggedIn()) {
		s.doubt(&w, text)
	}
	return w
}

// doubt takes what is no known command for a secret that came at the wrong
// time, where it may be one: a word alone (a SASL response, a password whose
// literal the server refused), all that comes where such a password is due, and
// what stands behind POP3's PASS. A known name without a tag is a slip.
func (s *Session) doubt(w *what, text []byte) {
	alone := len(skipBlanks(text[w.tag:])) == 0
	switch {
	case s.owed && !alone:
		w.tag = len(text)
	case alone && len(text) > 1 && commands.find(text) == nil:
	case equalFold(text[:w.tag], "PASS"):
		w.name, w.rest = "", w.tag
		return
	default:
		return
	}
	w.kind, w.line, w.name = event.KindClientData, lineStray, ""
}

// inAuthenticate tells responses from commands that a client sent before the
// exchange was over. Base64 has no space in it, so where the server waits for
// no response, a line with a known command's name behind a tag is one.
func (s *Session) inAuthenticate(text []byte) (w what, ok bool) {
	switch {
	case s.auth.cancelled:
		return what{}, false
	case s.cancels(text):
		return what{kind: event.KindClientData, line: lineCancel}, true
	case s.auth.asked <= s.auth.answered:
		if w := classifyCommand(text); w.row != nil {
			return w, true
		}
	}
	return what{kind: event.KindClientData, line: lineSASL}, true
}

// cancels reports whether a client's line is "*", and not a masked octet.
func (s *Session) cancels(text []byte) bool {
	return string(text) == "*" && !s.client.given.covers(s.client.off)
}

// inIdle tells DONE from what must not come before it. Dovecot ends IDLE at
// any line ("Expected DONE"), so a command behind such a line is one.
func (s *Session) inIdle(text []byte) (w what, ok bool) {
	if equalFold(text, "DONE") {
		return what{kind: event.KindClientData, line: lineDone, name: "DONE"}, true
	}
	if s.idle.spoilt {
		if w := classifyCommand(text); w.row != nil {
			return w, true
		}
	}
	return what{kind: event.KindClientData, line: lineNotDone}, true
}

// classifyCommand reads tag and name.
func classifyCommand(text []byte) what {
	tag, rest := nextWord(text)
	if len(tag) == 0 || !printable(tag) {
		return what{kind: event.KindOctets, line: lineUnreadable}
	}
	w := what{kind: event.KindCommand, tag: len(tag)}
	word, behind := nextWord(skipBlanks(rest))
	if equalFold(word, "UID") {
		second, behindSecond := nextWord(skipBlanks(behind))
		if len(second) > 0 {
			w.name, w.row = uidName(second)
			w.rest = len(text) - len(behindSecond)
			return w
		}
	}
	w.rest = len(text) - len(behind)
	if r := commands.find(word); r != nil {
		w.row, w.name = r.value, r.name
	} else {
		w.name = nameOf(word)
	}
	return w
}

// uidName is "UID FETCH" of a word "fetch".
func uidName(word []byte) (name string, row *command) {
	var buf [4 + 16]byte
	if len(word) <= 16 {
		full := append(append(buf[:0], "UID "...), word...)
		if r := commands.find(full); r != nil {
			return r.name, r.value
		}
	}
	if name = nameOf(word); name != "" {
		name = "UID " + name
	}
	return name, nil
}

// maxName bounds names and codes that no table has.
const maxName = 64

// nameOf is a word in upper case, and "" where it cannot be a name.
func nameOf(word []byte) string {
	if len(word) > maxName || !printable(word) {
		return ""
	}
	return string(bytes.ToUpper(word))
}

func printable(word []byte) bool {
	for _, c := range word {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

// skipBlanks goes to the next word; a CR inside a line ends one too.
func skipBlanks(line []byte) []byte {
	for len(line) > 0 && (line[0] == ' ' || line[0] == '\t' || line[0] == '\r') {
		line = line[1:]
	}
	return line
}

// classifyServer says what a server's line is where no response is open.
func (s *Session) classifyServer(line []byte) what {
	text := trimEnd(line)
	tag, rest := nextWord(text)
	switch {
	case len(tag) > 0 && tag[0] == '+' && (len(tag) == 1 || len(rest) == 0):
		return classifyContinuation(text)
	case string(tag) == "*":
		w := classifyUntagged(text, rest)
		if w.status != "" && s.greets(w.status) {
			w.kind = event.KindGreeting
		}
		return w
	case len(tag) == 0 || !printable(tag):
		return what{kind: event.KindOctets}
	}
	word, behind := nextWord(skipBlanks(rest))
	status := statusOf(word)
	if status == "" {
		return what{kind: event.KindOctets}
	}
	w := what{kind: event.KindResponse, tag: len(tag), status: status}
	w.readCode(text, behind)
	return w
}

// classifyContinuation takes "+ text", and the "+" and "+text" that some send
// (RFC 9051 §7.6 wants the space).
func classifyContinuation(text []byte) what {
	w := what{kind: event.KindContinuation, tag: 1, rest: 1}
	if len(text) > 1 && text[1] == ' ' {
		w.rest = 2
	}
	return w
}

// classifyUntagged reads "* STATUS ...", "* NAME ..." and "* 12 NAME ...".
func classifyUntagged(text, rest []byte) what {
	w := what{kind: event.KindResponse, tag: 1}
	word, behind := nextWord(skipBlanks(rest))
	if w.status = statusOf(word); w.status != "" {
		w.readCode(text, behind)
		if w.status == "BYE" {
			w.asked = kBye
		}
		return w
	}
	if len(word) > 0 && isDigit(word[0]) {
		word, behind = nextWord(skipBlanks(behind))
	}
	w.rest = len(text) - len(behind)
	if r := data.find(word); r != nil {
		w.name, w.asked = r.name, r.value
	} else {
		w.name = nameOf(word)
	}
	return w
}

// readCode reads the response code of a status response: [ATOM arguments].
func (w *what) readCode(text, behind []byte) {
	behind = skipBlanks(behind)
	w.rest = len(text) - len(behind)
	if len(behind) == 0 || behind[0] != '[' {
		return
	}
	behind = behind[1:]
	i := bytes.IndexAny(behind, " ]")
	if i <= 0 {
		return
	}
	if r := codes.find(behind[:i]); r != nil {
		w.code, w.asked = r.name, r.value
	} else {
		w.code = nameOf(behind[:i])
	}
}

// greets reports whether an untagged status is a greeting: the first, and what
// follows it before the client has said anything (Dovecot greets twice while
// its authentication process starts).
func (s *Session) greets(status string) bool {
	if status != "OK" && status != "PREAUTH" && status != "BYE" {
		return false
	}
	return !s.greeted || status != "BYE" && s.greetedOK && !s.spoken
}
