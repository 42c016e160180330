package syntax

import (
	"strconv"
	"strings"
)

// Section is a part of a message, or all of it: BODY.PEEK[1.2.HEADER.FIELDS
// (FROM TO)]<0.100>, BINARY[2], RFC822.TEXT. RFC 9051 §6.4.5, RFC 3516.
type Section struct {
	Item   string   `json:"item"`             // BODY, BODY.PEEK, BINARY, BINARY.PEEK, BINARY.SIZE, RFC822, RFC822.HEADER, RFC822.TEXT
	Part   string   `json:"part,omitempty"`   // "1.2"; "": the message
	Text   string   `json:"text,omitempty"`   // HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT, MIME; "": all of the part
	Fields []string `json:"fields,omitempty"` // header fields
	Offset Num      `json:"offset,omitzero"`  // first octet, of a partial fetch
	Length Num      `json:"length,omitzero"`  // octets, where a command says how many
}

// String is the section as commands write it.
func (s *Section) String() string {
	if strings.HasPrefix(s.Item, "RFC822") {
		return s.Item
	}
	var b strings.Builder
	b.WriteString(s.Item + "[" + s.Part)
	if s.Part != "" && s.Text != "" {
		b.WriteByte('.')
	}
	b.WriteString(s.Text)
	if s.Fields != nil {
		b.WriteString(" (" + strings.Join(s.Fields, " ") + ")")
	}
	b.WriteByte(']')
	if s.Offset.Known {
		b.WriteString("<" + strconv.FormatUint(s.Offset.N, 10))
		if s.Length.Known {
			b.WriteString("." + strconv.FormatUint(s.Length.N, 10))
		}
		b.WriteByte('>')
	}
	return b.String()
}

// Whole reports whether the section is a message from its first octet to its last.
func (s *Section) Whole() bool {
	return s.Part == "" && s.Text == "" && !s.Offset.Known && s.Item != "RFC822.HEADER" && s.Item != "RFC822.TEXT" && s.Item != "BINARY.SIZE"
}

// itemName reads the name of a FETCH item: it ends before "[".
func (c *cursor) itemName() string {
	begin, i := c.pos, c.pos
	if c.stopped {
		return ""
	}
	for i < len(c.data) && class[c.data[i]]&atomChar != 0 && c.data[i] != '[' && c.data[i] != '<' {
		i++
	}
	if i == begin {
		c.fail("a name")
		return ""
	}
	c.pos = i
	return upper(c.data[begin:i])
}

// section reads "[" [section-spec] "]" behind item.
func (c *cursor) section(item string) (s Section) {
	outer := c.enter("section")
	defer c.leave(outer)
	s.Item = item
	c.expect('[')
	begin := c.pos
	if class[c.peek()]&digitChar != 0 {
		s.Part = c.part()
	}
	if c.peek() != ']' {
		if begin != c.pos {
			c.expect('.')
		}
		c.sectionText(&s)
	}
	c.expect(']')
	return s
}

// part reads nz-number *("." nz-number), and leaves the "." before a word.
func (c *cursor) part() string {
	begin := c.pos
	c.nzNumber()
	for c.peek() == '.' && class[c.peekAt(1)]&digitChar != 0 {
		c.pos++
		c.nzNumber()
	}
	return intern(c.data[begin:c.pos])
}

func (c *cursor) sectionText(s *Section) {
	outer := c.enter("section-text")
	defer c.leave(outer)
	begin := c.pos
	for b := upperByte(c.peek()); b >= 'A' && b <= 'Z' || b == '.'; b = upperByte(c.peek()) {
		c.pos++
	}
	s.Text = upper(c.data[begin:c.pos])
	switch s.Text {
	case "HEADER", "TEXT":
	case "MIME":
		if s.Part == "" {
			c.defectAt(begin, "a part's number before MIME", "")
		}
	case "HEADER.FIELDS", "HEADER.FIELDS.NOT":
		c.headerList(s)
		return
	default:
		c.pos = begin
		c.fail("section-text")
		return
	}
	if strings.HasPrefix(s.Item, "BINARY") {
		c.defectAt(begin, `"]"`, "")
	}
}

// headerList reads SP "(" header-fld-name *(SP header-fld-name) ")". A space
// before the "]" is a known defect.
func (c *cursor) headerList(s *Section) {
	outer := c.enter("header-list")
	defer c.leave(outer)
	c.sp()
	s.Fields = []string{}
	c.list(func() { s.Fields = append(s.Fields, c.astring()) })
	if len(s.Fields) == 0 {
		c.defectAt(c.opened, "header-fld-name", "")
	}
	c.noSP()
}

// askedPartial reads the partial of a command: "<" number "." nz-number ">".
func (c *cursor) askedPartial(s *Section) {
	if c.peek() != '<' {
		return
	}
	outer := c.enter("partial")
	defer c.leave(outer)
	c.pos++
	s.Offset = c.num()
	c.expect('.')
	begin := c.pos
	s.Length = c.num()
	if s.Length.N == 0 {
		c.defectAt(begin, "nz-number", "")
	}
	c.expect('>')
}

// givenPartial reads the origin octet of a response: "<" number ">". A length
// in it is a known defect.
func (c *cursor) givenPartial(s *Section) {
	if c.peek() != '<' {
		return
	}
	outer := c.enter("msg-att-static")
	defer c.leave(outer)
	c.pos++
	s.Offset = c.num()
	if c.peek() == '.' {
		c.defect(`">"`, "")
		c.pos++
		s.Length = c.num()
	}
	c.expect('>')
}
