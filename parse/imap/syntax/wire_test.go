package syntax

import (
	"bytes"
	"strconv"
	"strings"
)

// message makes a Message of what stood on the wire: literals are found as a
// splitter finds them. rest is what follows the first whole message; ok is
// false where the octets end before it does.
func message(wire []byte) (m Message, rest []byte, ok bool) {
	pos := 0
	for {
		i := bytes.IndexByte(wire[pos:], '\n')
		if i < 0 {
			m.Data, m.Cut = wire, true
			return m, nil, false
		}
		line := wire[pos : pos+i+1]
		pos += i + 1
		l, announced := announcement(line)
		if !announced || isStatus(wire) {
			m.Data = wire[:pos]
			return m, wire[pos:], true
		}
		l.Off, l.Kept = pos, int(min(l.Size, int64(len(wire)-pos)))
		m.Literals = append(m.Literals, l)
		if int64(l.Kept) < l.Size {
			m.Data = wire
			m.Cut = true
			return m, nil, false
		}
		pos += l.Kept
	}
}

func announcement(line []byte) (l Literal, ok bool) {
	s := strings.TrimRight(string(line), "\r\n")
	if !strings.HasSuffix(s, "}") {
		return l, false
	}
	i := strings.LastIndexByte(s, '{')
	if i < 0 {
		return l, false
	}
	number := s[i+1 : len(s)-1]
	number, l.NonSync = strings.CutSuffix(number, "+")
	n, err := strconv.ParseInt(number, 10, 64)
	l.Binary = i > 0 && s[i-1] == '~'
	l.Size = n
	return l, err == nil && n >= 0
}

// isStatus reports whether the message is a status response, whose text is never a literal.
func isStatus(wire []byte) bool {
	words := strings.Fields(string(wire[:min(len(wire), 60)]))
	if len(words) > 0 && words[0] == "+" {
		return true
	}
	if len(words) < 2 {
		return false
	}
	switch strings.ToUpper(words[1]) {
	case "OK", "NO", "BAD", "BYE", "PREAUTH":
		return true
	}
	return false
}

// whole is the Message of exactly one command or response.
func whole(wire string) Message {
	m, _, _ := message([]byte(wire))
	return m
}
