package syntax

// The classes of octets: RFC 9051 §9.
const (
	atomChar    = 1 << iota // ATOM-CHAR
	astringChar             // ASTRING-CHAR: ATOM-CHAR and "]"
	listChar                // list-char: ASTRING-CHAR, "%" and "*"
	tagChar                 // tag: ASTRING-CHAR but "+"
	textChar                // TEXT-CHAR: 7-bit, no CR, LF or NUL
	digitChar
	quotedChar // what a quoted string holds without a backslash, 7-bit
)

// class says of each octet what it may be part of.
var class = func() (t [256]uint8) {
	for b := 1; b < 0x80; b++ {
		c := byte(b)
		if c != '\r' && c != '\n' {
			t[b] |= textChar
			if c != '"' && c != '\\' {
				t[b] |= quotedChar
			}
		}
		if c <= ' ' || c == 0x7f {
			continue
		}
		switch c {
		case '(', ')', '{', '"', '\\':
		case '%', '*':
			t[b] |= listChar
		case ']':
			t[b] |= astringChar | listChar | tagChar
		case '+':
			t[b] |= atomChar | astringChar | listChar
		default:
			t[b] |= atomChar | astringChar | listChar | tagChar
		}
		if c >= '0' && c <= '9' {
			t[b] |= digitChar
		}
	}
	return t
}()

// equalFold reports whether b is word, whose letters are upper case, in any case.
func equalFold(b []byte, word string) bool {
	if len(b) != len(word) {
		return false
	}
	for i, c := range b {
		if upperByte(c) != word[i] {
			return false
		}
	}
	return true
}

func upperByte(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

// upper is b in upper case: one of the known names without allocating.
func upper(b []byte) string {
	if s, ok := known[string(b)]; ok && isUpper(s) {
		return s
	}
	var space [32]byte
	u := append(space[:0], b...)
	for i, c := range u {
		u[i] = upperByte(c)
	}
	return intern(u)
}

func isUpper(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 'a' && s[i] <= 'z' {
			return false
		}
	}
	return true
}

// intern is string(b): one of the known names without allocating.
func intern(b []byte) string {
	if s, ok := known[string(b)]; ok {
		return s
	}
	return string(b)
}
