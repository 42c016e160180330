package sasl

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// forms are the words for where a secret stands.
var forms = map[string]string{
	"atom":    "an atom",
	"quoted":  "a quoted string",
	"literal": "a literal",
	"line":    "the rest of the line",
	"sasl":    "a SASL response",
	"digest":  "a digest",
	"token":   "a token",
	"pass":    "a password",
}

// Shape says of a secret what does not tell it: "a quoted string of 14 bytes,
// ASCII, one space at its end". form is atom, quoted, literal, line, sasl,
// digest, token or pass; of a quoted string secret is what stands between the quotes.
func Shape(secret []byte, form string) string {
	what, ok := forms[form]
	if !ok {
		what = form
	}
	if len(secret) == 0 {
		return what + ", empty"
	}
	parts := []string{fmt.Sprintf("%s of %s", what, count(len(secret), "byte")), charset(secret)}
	parts = append(parts, blanks(secret)...)
	if n := controls(secret); n > 0 {
		parts = append(parts, count(n, "control character")+" in it")
	}
	if form != "quoted" && len(secret) > 1 && secret[0] == '"' && secret[len(secret)-1] == '"' {
		parts = append(parts, "in quotation marks")
	}
	return strings.Join(parts, ", ")
}

// charset tells 8-bit passwords apart: servers and clients disagree about those.
func charset(secret []byte) string {
	for _, c := range secret {
		if c >= 0x80 {
			if utf8.Valid(secret) {
				return "not ASCII, valid UTF-8"
			}
			return "not ASCII, not valid UTF-8"
		}
	}
	return "ASCII"
}

// blanks names spaces at either end: pasted passwords have them.
func blanks(secret []byte) []string {
	var parts []string
	if n := len(secret) - len(bytes.TrimLeft(secret, " ")); n == len(secret) {
		return []string{"nothing but spaces"}
	} else if n > 0 {
		parts = append(parts, spaces(n)+" at its beginning")
	}
	if n := len(secret) - len(bytes.TrimRight(secret, " ")); n > 0 {
		parts = append(parts, spaces(n)+" at its end")
	}
	return parts
}

func spaces(n int) string {
	if n == 1 {
		return "one space"
	}
	return count(n, "space")
}

func controls(secret []byte) int {
	n := 0
	for _, c := range secret {
		if c < 0x20 || c == 0x7f {
			n++
		}
	}
	return n
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
