package syntax

import (
	"time"

	"github.com/emersion/go-imap/v2"
)

// AppendArgs is APPEND and REPLACE: RFC 9051 §6.3.12, RFC 3502, RFC 8508.
type AppendArgs struct {
	Replaces NumSet          `json:"replaces,omitzero"` // REPLACE: the message
	Mailbox  Mailbox         `json:"mailbox"`
	Messages []AppendMessage `json:"messages"`
}

// AppendMessage is one message that the client uploads. Of its text there is the size.
type AppendMessage struct {
	Flags    []imap.Flag    `json:"flags,omitzero"`
	Date     *time.Time     `json:"internaldate,omitempty"`
	Size     int64          `json:"size"`               // octets of its literals
	NonSync  bool           `json:"non_sync,omitempty"` // sent without waiting: {n+}
	Binary   bool           `json:"binary,omitempty"`   // a literal8
	UTF8     bool           `json:"utf8,omitempty"`     // in UTF8 (...): RFC 6855
	Catenate []CatenatePart `json:"catenate,omitempty"` // RFC 4469
	Annotate *Node          `json:"annotations,omitempty"`
	Header   *Headline      `json:"header,omitempty"`
}

// CatenatePart is one part that the server puts a message together from.
type CatenatePart struct {
	URL  string `json:"url,omitempty"`
	Size Num    `json:"size,omitzero"` // of TEXT, in octets
}

func (c *cursor) appendArgs() any {
	a := &AppendArgs{Messages: []AppendMessage{}}
	c.sp()
	a.Mailbox = c.mailbox()
	c.messages(a)
	return a
}

func (c *cursor) replaceArgs() any {
	a := &AppendArgs{Messages: []AppendMessage{}}
	c.sp()
	if c.take('*') {
		a.Replaces.Ranges = []imap.SeqRange{{}}
	} else {
		n := c.nzNumber()
		a.Replaces.Ranges = []imap.SeqRange{{Start: n, Stop: n}}
	}
	c.sp()
	a.Mailbox = c.mailbox()
	c.sp()
	a.Messages = append(a.Messages, c.appendMessage())
	return a
}

// messages reads 1*append-message. An empty literal cancels the command
// (RFC 3502 §6.3.11): the message after it may be missing.
func (c *cursor) messages(a *AppendArgs) {
	outer := c.enter("append-message")
	defer c.leave(outer)
	for {
		c.sp()
		a.Messages = append(a.Messages, c.appendMessage())
		if c.stopped || c.pos >= len(c.data) || c.blank() {
			return
		}
	}
}

func (c *cursor) appendMessage() (m AppendMessage) {
	if c.peek() == '(' {
		m.Flags = c.newFlags()
		c.sp()
	}
	if c.peek() == '"' {
		t := c.dateTime()
		m.Date = &t
		c.sp()
	}
	if c.word("ANNOTATION") {
		c.sp()
		n := c.node()
		m.Annotate = &n
		c.sp()
	}
	switch {
	case c.word("CATENATE"):
		c.sp()
		c.catenate(&m)
	case c.word("UTF8"):
		c.utf8Literal(&m)
	default:
		c.appendLiteral(&m)
	}
	return m
}

// utf8Literal reads SP "(" literal8 ")": RFC 9755 §4.
func (c *cursor) utf8Literal(m *AppendMessage) {
	m.UTF8 = true
	c.sp()
	c.expect('(')
	if c.peek() == '{' {
		c.defect("literal8", "")
	}
	c.appendLiteral(m)
	c.expect(')')
}

func (c *cursor) appendLiteral(m *AppendMessage) {
	if !c.atLiteral() {
		c.fail("literal")
		return
	}
	l, head, _ := c.readLiteral()
	if m.Header == nil && len(m.Catenate) == 0 {
		m.Header = headline(head)
	}
	m.Size += l.Size
	m.NonSync = m.NonSync || l.NonSync
	m.Binary = m.Binary || l.Binary
}

func (c *cursor) catenate(m *AppendMessage) {
	outer := c.enter("cat-part")
	defer c.leave(outer)
	c.list(func() {
		switch {
		case c.word("URL"):
			c.sp()
			m.Catenate = append(m.Catenate, CatenatePart{URL: c.url()})
		case c.word("TEXT"):
			c.sp()
			before := m.Size
			c.appendLiteral(m)
			m.Catenate = append(m.Catenate, CatenatePart{Size: Num{uint64(m.Size - before), true}})
		case c.word("UTF8"):
			c.utf8Literal(m)
		default:
			c.fail(`"URL" or "TEXT"`)
		}
	})
	if len(m.Catenate) == 0 && !m.UTF8 {
		c.emptyList("cat-part")
	}
}
