package syntax

import "github.com/emersion/go-imap/v2"

// flag reads a flag: "\" atom, or a keyword. "\*" is one too: whether it may
// stand there is for the caller. A keyword with "]" is a known defect.
func (c *cursor) flag() imap.Flag {
	begin := c.pos
	if c.take('\\') {
		if c.take('*') {
			return `\*`
		}
		c.atomBytes()
		return imap.Flag(intern(c.data[begin:c.pos]))
	}
	if c.peek() == '"' {
		c.defect("flag", "a quoted string")
		return imap.Flag(c.str())
	}
	b := c.span(astringChar)
	if len(b) == 0 {
		c.fail("flag")
		return ""
	}
	for i, o := range b {
		if o == ']' {
			c.defectAt(begin+i, "atom", "")
			break
		}
	}
	return imap.Flag(intern(b))
}

// flagList reads "(" [flag *(SP flag)] ")"; star says whether "\*" is allowed.
func (c *cursor) flagList(star bool) []imap.Flag {
	outer := c.enter("flag-list")
	var space [8]imap.Flag
	flags := space[:0]
	if c.open() {
		for c.next() {
			begin := c.pos
			f := c.flag()
			if f == `\*` && !star {
				c.defectAt(begin, "flag", "")
			}
			if c.pos == begin {
				break
			}
			flags = append(flags, f)
		}
	}
	c.leave(outer)
	return append(make([]imap.Flag, 0, len(flags)), flags...)
}

// newFlags reads the flag-list of a command.
func (c *cursor) newFlags() []imap.Flag {
	begin := c.pos
	flags := c.flagList(false)
	c.noRecent(begin, flags)
	return flags
}

// noRecent names \Recent in a command, which servers alone set: RFC 3501 §9, flag.
func (c *cursor) noRecent(begin int, flags []imap.Flag) {
	for _, f := range flags {
		if equalNames(string(f), `\Recent`) {
			c.defectAt(begin, `flags without \Recent`, "")
			return
		}
	}
}

// FlagsData is FLAGS data, and the response code PERMANENTFLAGS: RFC 9051 §7.3.5.
type FlagsData struct {
	Flags []imap.Flag `json:"flags"`
}

func (c *cursor) flagsData() any {
	c.sp()
	return &FlagsData{c.flagList(false)}
}
