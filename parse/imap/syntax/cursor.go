package syntax

import (
	"bytes"
	"strconv"
	"sync"
)

// maxDepth is how deep lists, search keys and body structures may be nested:
// deeper ones are an Error. Real mail stays below 20.
const maxDepth = 100

// cursor walks over a Message. Its methods are named after grammar elements:
// each reads one, or sets the Error and stops the cursor. A stopped cursor
// reads nothing more, so callers need not look after every step; what they got
// until then is what the Message held.
type cursor struct {
	data    []byte // the message without its last line end
	pos     int
	rule    string // the ABNF rule being read
	err     *Error
	stopped bool
	unread  bool // it was stopped, and something was left out
	depth   int
	opened  int    // where the first element of the last list begins
	literal int    // index in msg.Literals of the next one
	scratch []byte // quoted strings without their backslashes
	msg     Message
}

// cursors saves an allocation a line: a cursor goes through tables of methods,
// and so never stays on the stack.
var cursors = sync.Pool{New: func() any { return new(cursor) }}

// newCursor stands at the beginning of m; the caller gives it back by done.
func newCursor(m Message, rule string) *cursor {
	c := cursors.Get().(*cursor) // clean: done resets it
	c.msg, c.rule = m, rule
	c.start()
	return c
}

// done gives the cursor back, without what it was reading.
func (c *cursor) done() {
	if cap(c.scratch) > 4096 {
		c.scratch = nil
	}
	*c = cursor{scratch: c.scratch[:0]}
	cursors.Put(c)
}

// start leaves the line end out. A line that ends in a bare LF is read all the
// same: finish names it.
func (c *cursor) start() {
	m := &c.msg
	c.data = m.Data
	if n := len(m.Literals); n > 0 && m.Literals[n-1].Off+m.Literals[n-1].Kept == len(c.data) {
		return
	}
	c.data = bytes.TrimSuffix(c.data, []byte("\n"))
	if len(c.data) < len(m.Data) {
		c.data = bytes.TrimSuffix(c.data, []byte("\r"))
	}
}

// finish expects the end of the message.
func (c *cursor) finish() {
	if !c.stopped && c.pos < len(c.data) {
		if c.blank() {
			c.defect("end of line", "trailing space")
		} else {
			c.defect("end of line", "")
		}
	}
	if c.err == nil && len(c.msg.Data)-len(c.data) == 1 {
		c.pos = len(c.data)
		c.defect("CRLF", "a bare LF")
	}
	if c.err == nil && c.msg.Cut {
		c.pos = len(c.data)
		c.defect("CRLF", "end of input")
	}
	if c.err != nil {
		c.err.Unread = c.unread || c.msg.Cut
	}
}

// blank reports whether only spaces are left.
func (c *cursor) blank() bool {
	return len(bytes.TrimLeft(c.data[c.pos:], " ")) == 0
}

// enter begins rule and gives back the one that it stands in, for leave.
func (c *cursor) enter(rule string) string {
	outer := c.rule
	c.rule = rule
	return outer
}

// leave goes back to the rule that enter gave, unless the cursor was stopped.
func (c *cursor) leave(outer string) { c.rule = outer }

// fail sets the Error, if it is the first, and stops the cursor.
func (c *cursor) fail(want string) {
	if !c.stopped {
		c.defect(want, "")
		c.stopped, c.unread = true, true
	}
}

// defect sets the Error, if it is the first, and reads on: for departures that
// are known from the wild. got describes what stands at the cursor; empty, it is quoted.
func (c *cursor) defect(want, got string) {
	if c.err != nil || c.stopped {
		return
	}
	if got == "" {
		got = c.got()
	}
	c.err = &Error{Offset: c.pos, Rule: c.rule, Want: want, Got: got}
}

// defectAt is defect for something that begins before the cursor.
func (c *cursor) defectAt(pos int, want, got string) {
	now := c.pos
	c.pos = pos
	c.defect(want, got)
	c.pos = now
}

// got quotes what stands at the cursor: a word or an octet, and of a secret nothing.
func (c *cursor) got() string {
	if c.pos >= len(c.data) {
		if c.msg.Cut {
			return "end of input"
		}
		return "end of line"
	}
	if _, secret := c.secret(); secret {
		return "a secret"
	}
	end := c.pos
	for end < len(c.data) && end-c.pos < 24 && class[c.data[end]]&astringChar != 0 && !c.masked(end) {
		end++
	}
	return strconv.Quote(string(c.data[c.pos:max(end, c.pos+1)]))
}

// masked reports whether the octet at i is part of a secret.
func (c *cursor) masked(i int) bool {
	for _, s := range c.msg.Masked {
		if i >= s.Off && i < s.Off+s.Len {
			return true
		}
	}
	return false
}

// secret gives the end of the secret that the cursor stands in.
func (c *cursor) secret() (end int, ok bool) {
	for _, s := range c.msg.Masked {
		if c.pos >= s.Off && c.pos < s.Off+s.Len && c.pos < len(c.data) {
			return min(s.Off+s.Len, len(c.data)), true
		}
	}
	return 0, false
}

// peek is the octet at the cursor: 0 at the end, and where the cursor is stopped.
func (c *cursor) peek() byte {
	if c.stopped || c.pos >= len(c.data) {
		return 0
	}
	return c.data[c.pos]
}

// peekAt is the octet n behind the cursor.
func (c *cursor) peekAt(n int) byte {
	if c.stopped || c.pos+n >= len(c.data) {
		return 0
	}
	return c.data[c.pos+n]
}

// atEnd reports whether nothing more can be read.
func (c *cursor) atEnd() bool { return c.stopped || c.pos >= len(c.data) }

// take goes past b if it stands at the cursor.
func (c *cursor) take(b byte) bool {
	if c.peek() != b || c.atEnd() {
		return false
	}
	c.pos++
	return true
}

// expect goes past b, which must stand at the cursor.
func (c *cursor) expect(b byte) bool {
	if c.take(b) {
		return true
	}
	c.fail(strconv.Quote(string(b)))
	return false
}

// sp reads SP. More than one is a known defect.
func (c *cursor) sp() bool {
	if !c.take(' ') {
		c.fail("SP")
		return false
	}
	c.noSP()
	return true
}

// noSP goes past spaces where the grammar has none.
func (c *cursor) noSP() {
	if c.peek() != ' ' {
		return
	}
	c.defect("no SP here, or only one", "")
	for c.take(' ') {
	}
}

// more reads SP if something follows it, for optional arguments. A space at
// the very end stays for finish to name.
func (c *cursor) more() bool {
	if c.peek() != ' ' || c.blank() {
		return false
	}
	return c.sp()
}

// word goes past the word w, in any case, if it stands whole at the cursor.
func (c *cursor) word(w string) bool {
	if c.stopped || len(c.data)-c.pos < len(w) || !equalFold(c.data[c.pos:c.pos+len(w)], w) {
		return false
	}
	if end := c.pos + len(w); end < len(c.data) && class[c.data[end]]&astringChar != 0 {
		return false
	}
	c.pos += len(w)
	return true
}

// atWord reports whether the word w stands at the cursor.
func (c *cursor) atWord(w string) bool {
	pos := c.pos
	ok := c.word(w)
	c.pos = pos
	return ok
}

// list reads "(" elements separated by SP ")": element reads one. Spaces next
// to the parentheses, and missing ones between lists, are known defects.
func (c *cursor) list(element func()) {
	if c.open() {
		for c.next() {
			begin := c.pos
			element()
			if c.pos == begin {
				c.fail("an element of the list")
			}
		}
	}
}

// emptyList is a list, just read, that has nothing in it and must have.
func (c *cursor) emptyList(want string) {
	if !c.stopped {
		c.pos = c.opened
		c.fail(want)
	}
}

// open goes past "(" and counts the depth; next closes it.
func (c *cursor) open() bool {
	if !c.expect('(') {
		return false
	}
	if c.depth++; c.depth > maxDepth {
		c.fail("no more than " + strconv.Itoa(maxDepth) + " nested lists")
		return false
	}
	c.noSP()
	c.opened = c.pos
	return true
}

// next reports whether another element of the list follows, past the SP that
// separates it; past ")" it says no.
func (c *cursor) next() bool {
	if c.stopped {
		return false
	}
	if c.take(')') {
		c.depth--
		return false
	}
	if c.pos > c.opened && !c.separator() {
		return false
	}
	if c.atEnd() {
		c.fail(`")"`)
		return false
	}
	return true
}

// separator goes past the SP between two elements. A space before ")", which
// ends the list, and a missing one behind ")" are known defects.
func (c *cursor) separator() bool {
	switch {
	case c.take(' '):
	case c.data[c.pos-1] == ')' && !c.atEnd():
		c.defect("SP", "")
		return true
	default:
		c.fail(`SP or ")"`)
		return false
	}
	if c.peek() == ')' {
		c.defectAt(c.pos-1, `")"`, "")
		c.pos++
		c.depth--
		return false
	}
	c.noSP()
	return true
}
