package imap

import (
	"bytes"

	"mailtap/parse/wire"
)

// astring reads the atom or quoted string at the beginning of line. ok is
// false where there is none, or where a quoted string has no end on the line;
// a literal is none here.
func astring(line []byte) (value, rest []byte, ok bool) {
	if len(line) == 0 {
		return nil, line, false
	}
	if line[0] != '"' {
		value, rest = nextWord(line)
		return value, rest, len(value) > 0
	}
	end := quotedEnd(line)
	if end < 0 {
		return nil, line, false
	}
	return unquote(line[1:end]), line[end+1:], true
}

// quotedEnd is where the quoted string ends that line begins with: the offset
// of its closing quotation mark, or -1 (RFC 9051 §4.3).
func quotedEnd(line []byte) int {
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// unquote takes the escapes out of what stands between quotation marks.
func unquote(data []byte) []byte {
	if bytes.IndexByte(data, '\\') < 0 {
		return data
	}
	plain := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		if data[i] == '\\' && i+1 < len(data) {
			i++
		}
		plain = append(plain, data[i])
	}
	return plain
}

// maxValue bounds what a session keeps of user and mailbox names.
const maxValue = 1024

// clipValue bounds a name that an event's context shows.
func clipValue(text string) string { return wire.Clip(text, maxValue) }

// idFields finds name and version in the arguments of ID: ("name" "x" "version" "1").
func idFields(args []byte) (name, version []byte) {
	args = bytes.TrimRight(skipBlanks(args), " )")
	if len(args) == 0 || args[0] != '(' {
		return nil, nil
	}
	for args = args[1:]; ; {
		key, rest, ok := astring(skipBlanks(args))
		if !ok {
			return name, version
		}
		rest = skipBlanks(rest)
		isNil := len(rest) > 0 && rest[0] != '"'
		value, rest, ok := astring(rest)
		if !ok {
			return name, version
		}
		switch {
		case isNil:
		case equalFold(key, "NAME"):
			name = value
		case equalFold(key, "VERSION"):
			version = value
		}
		args = rest
	}
}
