package syntax

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Mailbox is a mailbox name as people read it, and where that differs as it
// was written (modified UTF-7).
type Mailbox struct {
	Name string `json:"name"`
	Wire string `json:"wire,omitempty"`
}

// String is the name as people read it.
func (m Mailbox) String() string { return m.Name }

// NewMailbox decodes a name from the wire. INBOX in any case is "INBOX".
func NewMailbox(wire string) Mailbox {
	if len(wire) == 5 && strings.EqualFold(wire, "INBOX") {
		return Mailbox{Name: "INBOX"}
	}
	name, ok := DecodeMailbox(wire)
	if !ok || name == wire {
		return Mailbox{Name: wire}
	}
	return Mailbox{Name: name, Wire: wire}
}

// mailbox reads a mailbox name: an astring.
func (c *cursor) mailbox() Mailbox {
	outer := c.enter("mailbox")
	defer c.leave(outer)
	begin := c.pos
	name := c.astring()
	if c.stopped {
		return Mailbox{}
	}
	m := NewMailbox(name)
	if _, defect := decodeMailbox(name); defect != "" {
		c.defectAt(begin, "modified UTF-7", defect)
	}
	return m
}

// mUTF7 is base64 with "," for "/", and without padding: RFC 3501 §5.1.3.
var mUTF7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(base64.NoPadding).Strict()

// DecodeMailbox is a mailbox name as people read it: modified UTF-7 (RFC 3501
// §5.1.3) decoded, UTF-8 (RFC 9051 §5.1, RFC 9755 §3) taken as it is. ok is
// false where the name is neither: then it comes back unchanged. In a name with
// UTF-8 a single "&" is just a letter.
func DecodeMailbox(name string) (decoded string, ok bool) {
	decoded, defect := decodeMailbox(name)
	return decoded, (defect == "" || decoded != name) && utf8.ValidString(name)
}

// decodeMailbox is DecodeMailbox with what is wrong with the name. Names that
// nobody may write but everybody can read are decoded too.
func decodeMailbox(name string) (decoded, defect string) {
	if strings.IndexByte(name, '&') < 0 || hasUTF8(name) {
		return name, ""
	}
	var b strings.Builder
	after := false // right behind a shift sequence
	for rest := name; ; {
		i := strings.IndexByte(rest, '&')
		if i < 0 {
			b.WriteString(rest)
			return b.String(), defect
		}
		b.WriteString(rest[:i])
		end := strings.IndexByte(rest[i:], '-')
		if end < 0 {
			return name, "a shift sequence without its end"
		}
		text, ok := decodeShift(rest[i+1 : i+end])
		if !ok {
			return name, "a shift sequence that is none"
		}
		if end > 1 && (after && i == 0 || hasASCII(text)) {
			defect = "a shift sequence where none may be"
		}
		after = end > 1
		b.WriteString(text)
		rest = rest[i+end+1:]
	}
}

// hasASCII reports whether text has a printing ASCII character, which must
// stand for itself.
func hasASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r >= ' ' && r < 0x7f }) >= 0
}

// hasUTF8 reports whether a name has UTF-8 in it, and so "&" is just a letter.
func hasUTF8(name string) bool {
	return utf8.ValidString(name) && strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 }) >= 0
}

// decodeShift decodes what stands between "&" and "-": UTF-16 in base64, or
// nothing, for "&" itself.
func decodeShift(shift string) (string, bool) {
	if shift == "" {
		return "&", true
	}
	raw, err := mUTF7.DecodeString(shift)
	if err != nil || len(raw)%2 != 0 || len(raw) == 0 {
		return "", false
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
	}
	text := string(utf16.Decode(units))
	return text, !strings.ContainsRune(text, utf8.RuneError)
}

// EncodeMailbox is a name in modified UTF-7 (RFC 3501 §5.1.3): what a client
// sends where neither UTF8=ACCEPT nor IMAP4rev2 is enabled.
func EncodeMailbox(name string) string {
	var b strings.Builder
	var shifted []uint16
	flush := func() {
		if len(shifted) == 0 {
			return
		}
		raw := make([]byte, 0, 2*len(shifted))
		for _, u := range shifted {
			raw = append(raw, byte(u>>8), byte(u))
		}
		b.WriteString("&" + mUTF7.EncodeToString(raw) + "-")
		shifted = shifted[:0]
	}
	for _, r := range name {
		if r < ' ' || r > '~' {
			shifted = utf16.AppendRune(shifted, r)
			continue
		}
		flush()
		if b.WriteRune(r); r == '&' {
			b.WriteByte('-')
		}
	}
	flush()
	return b.String()
}
