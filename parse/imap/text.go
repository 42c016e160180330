package imap

import (
	"unicode/utf8"

	"mailtap/parse/wire"
)

// maxText bounds the text of an event, in octets of the wire.
const maxText = 4 << 10

// lineText is the text of a line that is a whole message.
func lineText(line []byte) string {
	line = trimEnd(line)
	if len(line) <= maxText {
		return wire.Escape(line)
	}
	head := clipRune(line[:maxText])
	return wire.Escape(head) + "… " + wire.Placeholder(int64(len(line)-len(head)))
}

// text gathers that of a message of several lines.
type text struct {
	buf  []byte
	more int64 // octets that did not fit
}

// add takes octets of the wire, masked.
func (t *text) add(line []byte) {
	if t.more > 0 {
		t.more += int64(len(line))
		return
	}
	room := maxText - len(t.buf)
	if len(line) > room {
		head := clipRune(line[:max(room, 0)])
		t.more = int64(len(line) - len(head))
		line = head
	}
	t.buf = append(t.buf, line...)
}

// addLiteral takes the place of a literal.
func (t *text) addLiteral(size int64) {
	t.add([]byte(wire.Placeholder(size)))
}

func (t *text) String() string {
	if t.more == 0 {
		return wire.Escape(t.buf)
	}
	return wire.Escape(t.buf) + "… " + wire.Placeholder(t.more)
}

// clipRune cuts an unfinished character off the end of a head.
func clipRune(head []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(head); i++ {
		c := head[len(head)-i]
		if c < utf8.RuneSelf {
			return head
		}
		if utf8.RuneStart(c) {
			if !utf8.FullRune(head[len(head)-i:]) {
				return head[:len(head)-i]
			}
			return head
		}
	}
	return head
}
