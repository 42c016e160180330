package share

import (
	"bytes"
	"strings"

	"mailtap/parse/pop3"
)

// popLines replaces what is private in lines of POP3.
type popLines struct {
	names  *names
	client bool
	cut    bool
}

func (l *popLines) open() int64 { return 0 }

func (l *popLines) passed() {}

func (l *popLines) refused([]byte) {}

func (l *popLines) literal([]byte) {}

func (l *popLines) line(line []byte) {
	goesOn := l.cut
	l.cut = len(line) > 0 && line[len(line)-1] != '\n'
	switch {
	case goesOn:
		strange(line)
	case l.client:
		l.command(line)
	default:
		l.response(line)
	}
}

func (l *popLines) command(line []byte) {
	name, rest := word(line)
	switch strings.ToUpper(string(name)) {
	case "USER":
		l.names.name(rest)
	case "APOP":
		user, _ := word(rest)
		l.names.name(user)
	case "AUTH":
		_, initial := word(rest)
		l.names.sasl(initial)
	default:
		_, known := pop3.Lookup(strings.ToUpper(string(name)))
		switch {
		case l.names.sasl(line):
		case known:
			l.names.human(line)
		default:
			strange(line)
		}
	}
}

func (l *popLines) response(line []byte) {
	first, rest := word(line)
	switch {
	case string(first) == "+":
		if !l.names.sasl(rest) {
			l.names.human(rest)
		}
	case len(line) > 0 && (line[0] == '+' || line[0] == '-'):
		l.names.human(rest)
	case len(first) > 0 && allDigits(first): // of LIST, or of UIDL, whose ids may name hosts
		id := bytes.TrimRight(rest, "\r\n")
		if !allDigits(id) {
			l.names.replace(id, false)
		}
	case isCapability(first):
		l.names.human(line)
	default:
		strange(line)
	}
}

// isCapability reports whether a line of CAPA's begins with word.
func isCapability(word []byte) bool {
	_, ok := pop3.Capability(strings.ToUpper(string(word)))
	return ok
}
