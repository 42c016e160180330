package wire

import (
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"mailtap/parse/event"
)

// Escape is data as event text: control characters (C0, DEL, C1), bidirectional
// controls and what is not UTF-8 stand as \xHH, so that nothing a peer sends
// reaches a terminal as anything but characters. A backslash stays as it is.
func Escape(data []byte) string {
	clean := true
	for _, c := range data {
		if c < 0x20 || c >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return string(data)
	}
	return string(AppendEscaped(make([]byte, 0, len(data)+16), data))
}

// AppendEscaped appends Escape(data) to dst.
func AppendEscaped(dst, data []byte) []byte {
	for len(data) > 0 {
		c := data[0]
		if c >= 0x20 && c < 0x7f {
			dst = append(dst, c)
			data = data[1:]
			continue
		}
		r, size := utf8.DecodeRune(data)
		if c < 0x80 || r == utf8.RuneError && size == 1 || !printable(r) {
			for _, b := range data[:size] {
				dst = append(dst, '\\', 'x', hex[b>>4], hex[b&15])
			}
		} else {
			dst = append(dst, data[:size]...)
		}
		data = data[size:]
	}
	return dst
}

const hex = "0123456789abcdef"

// printable leaves out what moves, hides or reorders text on a terminal: the
// controls (Cc), format characters (Cf: bidirectional controls, zero-width
// ones but the joiners that scripts need), and line and paragraph separators.
func printable(r rune) bool {
	switch r {
	case 0x200c, 0x200d: // joiners: part of words in several scripts, and of emoji
		return true
	case 0x2028, 0x2029:
		return false
	}
	return !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs)
}

// Placeholder stands in event text for n octets that are not shown: "{n bytes}".
func Placeholder(n int64) string { return "{" + strconv.FormatInt(n, 10) + " bytes}" }

// Remains is the note of octets behind a gap that begin no line.
const Remains = "what is left of something whose beginning is missing"

// Gap is the event of n octets of side that a recording lacks; 0 is an unknown
// number, as where a capture begins in the middle of a session.
func Gap(side event.Side, n int64, t time.Time) *event.Event {
	text := "an unknown number of bytes is missing"
	if n > 0 {
		text = Placeholder(n) + " missing"
	}
	return &event.Event{Kind: event.KindGap, Time: t, Dir: side, Text: text, Bytes: n}
}

// Head is at most n octets of text, in whole characters.
func Head(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// Clip is Head, with "…" behind it where something was left out.
func Clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return Head(text, n) + "…"
}
