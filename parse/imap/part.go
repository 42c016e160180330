package imap

import (
	"bytes"

	"mailtap/parse/wire"
)

// parts follows a literal through the two parts of a message's text: the
// header ends behind the first empty line (RFC 5322 §2.1).
type parts struct {
	now      wire.Part // PartNone: not a message's text
	split    bool      // a body may follow the header
	lineBare bool      // nothing but CR was seen of the present line
}

// partsOf tells from what stands before a literal in a response or command.
func (m *message) partsOf(before []byte) parts {
	switch {
	case m.row != nil && m.row.op == opAppend:
		return m.appendParts(before)
	case m.name == "FETCH" || m.name == "UIDFETCH":
		return fetchParts(before)
	case m.name == "URLFETCH" && m.row == nil:
		return wholeMessage
	}
	return parts{}
}

var wholeMessage = parts{now: wire.PartHeader, split: true, lineBare: true}

// appendParts is of APPEND and REPLACE: each literal but the mailbox's name is
// a message, or with CATENATE a piece of one (RFC 4469 §3).
func (m *message) appendParts(before []byte) parts {
	words := bytes.Fields(before)
	if m.nlit == 1 && len(words) <= appendWords(m.name) {
		return parts{} // the mailbox
	}
	if n := len(words); n > 0 && bytes.HasSuffix(bytes.ToUpper(words[n-1]), []byte("URL")) {
		return parts{}
	}
	if m.texts++; m.texts > 1 && bytes.Contains(bytes.ToUpper(before), []byte("TEXT")) {
		return parts{now: wire.PartBody}
	}
	return wholeMessage
}

// appendWords is how many words stand before the mailbox's name.
func appendWords(name string) int {
	switch name {
	case "REPLACE":
		return 3 // tag, name, message number
	case "UID REPLACE":
		return 4
	}
	return 2
}

// fetchParts is of a FETCH item: BODY[section]<origin>, BINARY[section], RFC822.
func fetchParts(before []byte) parts {
	before = bytes.ToUpper(bytes.TrimRight(before, " ~"))
	switch {
	case hasWordSuffix(before, "RFC822.HEADER"):
		return parts{now: wire.PartHeader}
	case hasWordSuffix(before, "RFC822.TEXT"):
		return parts{now: wire.PartBody}
	case hasWordSuffix(before, "RFC822"):
		return wholeMessage
	}
	later := false
	if n := len(before); n > 0 && before[n-1] == '>' {
		i := bytes.LastIndexByte(before, '<')
		if i < 0 {
			return parts{}
		}
		later = string(before[i:]) != "<0>"
		before = before[:i]
	}
	if n := len(before); n == 0 || before[n-1] != ']' {
		return parts{}
	}
	section := before[bytes.LastIndexByte(before, '[')+1 : len(before)-1]
	return sectionParts(section, later)
}

// sectionParts is of a section (RFC 9051 §6.4.5.1); later: its octets do not begin at 0.
func sectionParts(section []byte, later bool) parts {
	switch {
	case bytes.Contains(section, []byte("HEADER")) || bytes.Contains(section, []byte("MIME")) || bytes.HasSuffix(section, []byte(")")):
		return parts{now: wire.PartHeader}
	case len(section) == 0 && !later:
		return wholeMessage
	}
	return parts{now: wire.PartBody}
}

func hasWordSuffix(text []byte, word string) bool {
	n := len(text) - len(word)
	return n >= 0 && string(text[n:]) == word && (n == 0 || !isWord(text[n-1]) && text[n-1] != '.')
}

// next is how many of data's octets belong to the present part; end is true
// where the header ends with them.
func (p *parts) next(data []byte) (n int, end bool) {
	if p.now != wire.PartHeader || !p.split {
		return len(data), false
	}
	for i := 0; i < len(data); {
		switch {
		case p.lineBare && data[i] == '\n':
			return i + 1, true
		case p.lineBare && data[i] == '\r':
			i++
			continue
		}
		eol := bytes.IndexByte(data[i:], '\n')
		p.lineBare = eol >= 0
		if eol < 0 {
			break
		}
		i += eol + 1
	}
	return len(data), false
}
