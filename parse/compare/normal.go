package compare

import (
	"regexp"
	"strings"
)

// What differs between any two runs of the same thing.
var (
	mask     = regexp.MustCompile(`"?\*{2,}"?`)
	literal  = regexp.MustCompile(`\{[0-9]+ bytes\}`)
	date     = regexp.MustCompile(`"[ 0-3][0-9]-[A-Z][a-z]{2}-[0-9]{4} [0-9:]{8} [+-][0-9]{4}"`)
	validity = regexp.MustCompile(`\b(UIDVALIDITY|HIGHESTMODSEQ|MODSEQ|UIDNEXT|CHANGEDSINCE|UNCHANGEDSINCE)([ (]+)[0-9]+`)
	qresync  = regexp.MustCompile(`QRESYNC \([^)]*\)`)
	token    = regexp.MustCompile(`[A-Za-z0-9+/_-]{24,}={0,2}`)
	stamp    = regexp.MustCompile(`<[^<>@ ]+@[^<>@ ]+>`)
	number   = regexp.MustCompile(`[0-9]+`)
	uidSet   = regexp.MustCompile(`^(UID [A-Z]+ )[0-9:,*]+`)
)

// key is what a command is aligned by.
func key(s *Step) string {
	line := s.Line
	switch s.Name {
	case "LOGIN", "PASS", "APOP", "AUTH", "AUTHENTICATE":
		return s.Name + " " + mechanism(s)
	case "ID":
		return s.Name
	}
	if name, rest, ok := strings.Cut(line, " "); ok {
		line = strings.ToUpper(name) + " " + rest
	}
	line = uidSet.ReplaceAllString(line, "${1}#")
	return normal(line)
}

// mechanism is the SASL mechanism of a login, whose other arguments differ.
func mechanism(s *Step) string {
	if s.Name != "AUTH" && s.Name != "AUTHENTICATE" {
		return ""
	}
	if words := strings.Fields(s.Line); len(words) > 1 {
		return strings.ToUpper(words[1])
	}
	return ""
}

// normal is text without tokens, dates, times stamps and secrets.
func normal(text string) string {
	text = mask.ReplaceAllString(text, "***")
	text = literal.ReplaceAllString(text, "{}")
	text = date.ReplaceAllString(text, "DATE")
	text = qresync.ReplaceAllString(text, "QRESYNC ()")
	text = validity.ReplaceAllString(text, "$1$2#")
	text = stamp.ReplaceAllString(text, "<>")
	return token.ReplaceAllStringFunc(text, func(t string) string {
		if number.MatchString(t) {
			return "TOKEN"
		}
		return t
	})
}
