package syntax

import "strings"

// GetMetadataArgs is GETMETADATA: RFC 5464 §4.2.
type GetMetadataArgs struct {
	MaxSize Num      `json:"maxsize,omitzero"`
	Depth   string   `json:"depth,omitempty"` // 0, 1, INFINITY
	Mailbox Mailbox  `json:"mailbox"`         // "": the server
	Entries []string `json:"entries"`
}

func (c *cursor) getMetadataArgs() any {
	a := &GetMetadataArgs{Entries: []string{}}
	c.sp()
	if c.peek() == '(' {
		c.metadataOptions(a)
		c.sp()
	}
	a.Mailbox = c.mailbox()
	c.sp()
	if c.peek() == '(' && a.MaxSize.IsZero() && a.Depth == "" && c.optionsAfterMailbox() {
		c.metadataOptions(a)
		c.sp()
	}
	if c.peek() == '(' {
		c.list(func() { a.Entries = append(a.Entries, c.entry()) })
	} else {
		a.Entries = append(a.Entries, c.entry())
	}
	return a
}

// optionsAfterMailbox reports whether the options stand behind the mailbox, as
// the examples of RFC 5464 before its errata have them.
func (c *cursor) optionsAfterMailbox() bool {
	pos := c.pos
	c.pos++
	ok := c.atWord("MAXSIZE") || c.atWord("DEPTH")
	c.pos = pos
	return ok
}

func (c *cursor) metadataOptions(a *GetMetadataArgs) {
	outer := c.enter("getmetadata-options")
	defer c.leave(outer)
	c.list(func() {
		switch {
		case c.word("MAXSIZE"):
			c.sp()
			a.MaxSize = c.num()
		case c.word("DEPTH"):
			c.sp()
			begin := c.pos
			if a.Depth = c.name(); a.Depth != "0" && a.Depth != "1" && a.Depth != "INFINITY" {
				c.defectAt(begin, `"0", "1" or "infinity"`, "")
			}
		default:
			c.fail(`"MAXSIZE" or "DEPTH"`)
		}
	})
}

// entry reads an entry-name: an astring that begins with "/", without "*", "%"
// or a "/" at its end.
func (c *cursor) entry() string {
	outer := c.enter("entry-name")
	defer c.leave(outer)
	begin := c.pos
	s := c.astring()
	if !strings.HasPrefix(s, "/") || strings.ContainsAny(s, "*%") || strings.Contains(s, "//") || strings.HasSuffix(s, "/") {
		c.defectAt(begin, `a name that begins with "/"`, "")
	}
	return s
}

// SetMetadataArgs is SETMETADATA, and METADATA data: RFC 5464 §4.3, §4.4.
type SetMetadataArgs struct {
	Mailbox Mailbox    `json:"mailbox"` // "": the server
	Entries []Metadata `json:"entries"`
}

// Metadata is an entry and its value. In a command NIL deletes it; a response
// may name an entry that changed and leave its value out.
type Metadata struct {
	Entry string `json:"entry"`
	Value *Node  `json:"value,omitempty"`
}

func (c *cursor) setMetadataArgs() any {
	a := &SetMetadataArgs{Entries: []Metadata{}}
	c.sp()
	a.Mailbox = c.mailbox()
	c.sp()
	c.entryValues(a)
	if len(a.Entries) == 0 {
		c.emptyList("entry-name")
	}
	return a
}

func (c *cursor) entryValues(a *SetMetadataArgs) {
	outer := c.enter("entry-values")
	defer c.leave(outer)
	c.list(func() {
		m := Metadata{Entry: c.entry()}
		c.sp()
		m.Value = c.metadataValue()
		a.Entries = append(a.Entries, m)
	})
}

// metadataValue reads nstring / literal8.
func (c *cursor) metadataValue() *Node {
	if p := c.peek(); p != '"' && !c.atLiteral() && !c.atWord("NIL") {
		c.fail("string or NIL")
	}
	n := c.node()
	return &n
}

func (c *cursor) metadataData() any {
	a := &SetMetadataArgs{Entries: []Metadata{}}
	c.sp()
	a.Mailbox = c.mailbox()
	c.sp()
	if c.peek() == '(' {
		c.entryValues(a)
		return a
	}
	a.Entries = append(a.Entries, Metadata{Entry: c.entry()})
	for c.more() {
		a.Entries = append(a.Entries, Metadata{Entry: c.entry()})
	}
	return a
}

// AnnotationArgs is GETANNOTATION, SETANNOTATION and ANNOTATION data: the
// draft before METADATA.
type AnnotationArgs struct {
	Mailbox Mailbox `json:"mailbox"`
	Entries Tree    `json:"entries"` // names, and lists of attributes and values
}

func (c *cursor) getAnnotationArgs() any { return c.annotation() }
func (c *cursor) setAnnotationArgs() any { return c.annotation() }

func (c *cursor) annotation() any {
	a := &AnnotationArgs{}
	c.sp()
	a.Mailbox = c.listMailbox()
	c.sp()
	a.Entries = c.tree()
	return a
}
