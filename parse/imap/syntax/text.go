package syntax

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// span goes over the octets of class want, and over 8-bit octets too: where
// the grammar has none of them they are a known defect. It stops at secrets.
func (c *cursor) span(want uint8) []byte {
	if c.stopped {
		return nil
	}
	begin, eight := c.pos, -1
	i := begin
	for ; i < len(c.data); i++ {
		b := c.data[i]
		if class[b]&want != 0 {
			continue
		}
		if b < 0x80 {
			break
		}
		if eight < 0 {
			eight = i
		}
	}
	if eight >= 0 {
		c.defectAt(eight, "7-bit octets", "8-bit octets outside a quoted string")
	}
	c.pos = i
	return c.data[begin:i]
}

// atomBytes reads an atom.
func (c *cursor) atomBytes() []byte {
	b := c.span(atomChar)
	if len(b) == 0 {
		c.fail("atom")
	}
	return b
}

// atom reads an atom as it is written.
func (c *cursor) atom() string { return intern(c.atomBytes()) }

// name reads an atom that is a name of the protocol: upper case.
func (c *cursor) name() string { return upper(c.atomBytes()) }

// quotedBytes reads a quoted string; the result is valid until the next one.
// A backslash before anything but DQUOTE and itself is a known defect.
func (c *cursor) quotedBytes() []byte {
	if !c.expect('"') {
		return nil
	}
	begin := c.pos
	for i := begin; i < len(c.data); i++ {
		b := c.data[i]
		if class[b]&quotedChar != 0 {
			continue
		}
		if b == '"' {
			c.pos = i + 1
			return c.data[begin:i]
		}
		return c.quotedRest(begin, i)
	}
	c.pos = len(c.data)
	c.fail("DQUOTE")
	return c.data[begin:]
}

// quotedRest reads on from i, where a quoted string has its first octet that
// is not plain.
func (c *cursor) quotedRest(begin, i int) []byte {
	c.scratch = append(c.scratch[:0], c.data[begin:i]...)
	eight := -1
	for i < len(c.data) {
		b := c.data[i]
		switch {
		case b == '"' && !c.masked(i):
			c.pos = i + 1
			if eight >= 0 {
				c.eightBit(eight)
			}
			return c.scratch
		case b == '\\':
			if i++; i == len(c.data) {
				continue
			}
			if b = c.data[i]; b != '"' && b != '\\' {
				c.defectAt(i-1, `"\"" or "\\"`, "a single backslash in a quoted string")
				c.scratch = append(c.scratch, '\\')
				continue
			}
		case b == '\r' || b == '\n' || b == 0:
			c.pos = i
			c.fail("DQUOTE")
			return c.scratch
		case b >= 0x80 && eight < 0:
			eight = i
		}
		c.scratch = append(c.scratch, b)
		i++
	}
	c.pos = i
	c.fail("DQUOTE")
	return c.scratch
}

// eightBit judges a quoted string with 8-bit octets, the first of them at pos:
// they are for UTF-8, and only where that was agreed (RFC 9051 §9, RFC 9755 §3).
func (c *cursor) eightBit(pos int) {
	switch {
	case !utf8.Valid(c.scratch):
		c.defectAt(pos, "UTF-8", "8-bit octets that are not UTF-8")
	case !c.msg.UTF8:
		c.defectAt(pos, "7-bit octets", "UTF-8 in a quoted string, which nobody enabled")
	}
}

// atLiteral reports whether a literal is announced at the cursor.
func (c *cursor) atLiteral() bool {
	return c.peek() == '{' || c.peek() == '~' && c.peekAt(1) == '{'
}

// readLiteral goes past a literal's announcement and its octets.
func (c *cursor) readLiteral() (l Literal, head []byte, ok bool) {
	outer := c.enter("literal")
	defer c.leave(outer)
	begin := c.pos
	c.take('~')
	if !c.expect('{') {
		return l, nil, false
	}
	for c.peek()&0x80 == 0 && class[c.peek()]&digitChar != 0 {
		c.pos++
	}
	digits := c.pos - begin
	c.take('+')
	if digits < 2 || c.peek() != '}' {
		c.fail(`number "}"`)
		return l, nil, false
	}
	c.pos++
	if c.literal >= len(c.msg.Literals) {
		c.fail("CRLF and the literal's octets")
		return l, nil, false
	}
	l = c.msg.Literals[c.literal]
	if l.Off < c.pos || l.Off > len(c.data) {
		c.fail("CRLF and the literal's octets")
		return l, nil, false
	}
	if end := string(c.data[c.pos:l.Off]); end == "\n" {
		c.defect("CRLF", "a bare LF")
	} else if end != "\r\n" {
		c.fail("CRLF and the literal's octets")
		return l, nil, false
	}
	c.literal++
	end := min(l.Off+l.Kept, len(c.data))
	if i := bytes.IndexByte(c.data[l.Off:end], 0); i >= 0 && !l.Binary {
		c.defectAt(l.Off+i, "CHAR8", "NUL in a literal that is no literal8")
	}
	c.pos = end
	return l, c.data[l.Off:end], true
}

// stringBytes reads a string: quoted, or a literal's kept octets. The result
// is valid until the next one. A secret is passed over, and gives nothing.
func (c *cursor) stringBytes() (b []byte, secret bool) {
	if c.stopped {
		return nil, false
	}
	if c.passSecret() {
		return nil, true
	}
	switch {
	case c.peek() == '"':
		begin := c.pos
		b = c.quotedBytes()
		return b, c.overlaps(begin, c.pos)
	case c.atLiteral():
		l, head, _ := c.readLiteral()
		return head, c.overlaps(l.Off, c.pos)
	}
	c.fail("string")
	return nil, false
}

// overlaps reports whether any octet of begin to end is secret.
func (c *cursor) overlaps(begin, end int) bool {
	for _, s := range c.msg.Masked {
		if s.Off < end && begin < s.Off+s.Len {
			return true
		}
	}
	return false
}

// passSecret goes past a secret that begins here and the word that it is in.
func (c *cursor) passSecret() bool {
	end, ok := c.secret()
	if !ok || c.stopped {
		return false
	}
	for ok {
		c.pos = end
		end, ok = c.secret()
	}
	for !c.atEnd() && class[c.peek()]&(astringChar|listChar) != 0 {
		c.pos++
	}
	return true
}

// str reads a string.
func (c *cursor) str() string {
	b, secret := c.stringBytes()
	if secret {
		return ""
	}
	return intern(b)
}

// url reads a URL, an astring. Of a secret in it, its token, the mask stays.
func (c *cursor) url() string {
	begin := c.pos
	s, secret := c.astringOrSecret()
	if !secret || c.data[begin] != '"' {
		return s
	}
	return strings.Trim(string(c.data[begin:c.pos]), `"`)
}

// astring reads an astring: an atom with "]" in it too, or a string.
func (c *cursor) astring() string {
	s, _ := c.astringOrSecret()
	return s
}

// astringOrSecret reads an astring, and says whether it was secret.
func (c *cursor) astringOrSecret() (s string, secret bool) {
	b, secret := c.astringBytes()
	if secret {
		return "", true
	}
	return intern(b), false
}

func (c *cursor) astringBytes() (b []byte, secret bool) {
	if c.stopped {
		return nil, false
	}
	if p := c.peek(); p == '"' || p == '{' || c.atLiteral() {
		return c.stringBytes()
	}
	if c.passSecret() {
		return nil, true
	}
	begin := c.pos
	b = c.span(astringChar)
	if c.passSecret() || c.overlaps(begin, c.pos) {
		return nil, true
	}
	if len(b) == 0 {
		c.fail("astring")
	}
	return b, false
}

// atNIL goes past NIL.
func (c *cursor) atNIL() bool { return c.word("NIL") }

// nstring reads NIL or a string; ok is false for NIL.
func (c *cursor) nstring() (s string, ok bool) {
	if c.atNIL() {
		return "", false
	}
	if p := c.peek(); p != '"' && !c.atLiteral() && !c.atSecret() {
		c.fail("string or NIL")
		return "", false
	}
	return c.str(), true
}

// atSecret reports whether a secret stands at the cursor.
func (c *cursor) atSecret() bool {
	_, ok := c.secret()
	return ok
}

// nstringOrEmpty reads NIL as "".
func (c *cursor) nstringOrEmpty() string {
	s, _ := c.nstring()
	return s
}

// optional reads NIL as nil.
func (c *cursor) optional() *string {
	s, ok := c.nstring()
	if !ok {
		return nil
	}
	return &s
}

// size reads NIL or a string of which only the size matters: a message's text.
func (c *cursor) size() (n int64, ok bool) {
	_, n, ok = c.sized()
	return n, ok
}

// sized is size with the octets that are there, valid until the next string.
func (c *cursor) sized() (head []byte, n int64, ok bool) {
	switch {
	case c.atNIL():
		return nil, 0, false
	case c.atLiteral():
		l, head, ok := c.readLiteral()
		return head, l.Size, ok
	case c.peek() == '"':
		b := c.quotedBytes()
		return b, int64(len(b)), !c.stopped
	}
	c.fail("string or NIL")
	return nil, 0, false
}

// rest takes everything up to the end of the line.
func (c *cursor) rest() []byte {
	if c.stopped {
		return nil
	}
	b := c.data[c.pos:]
	c.pos = len(c.data)
	return b
}
