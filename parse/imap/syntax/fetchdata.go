package syntax

import (
	"time"

	"github.com/emersion/go-imap/v2"
)

// FetchData is FETCH and UIDFETCH data: RFC 9051 §7.5.2. A field that is
// absent was not in the line; what has no field of its own, or is NIL, is in Other.
type FetchData struct {
	Seq          uint32      `json:"seq,omitempty"` // message sequence number
	UID          uint32      `json:"uid,omitempty"`
	Flags        []imap.Flag `json:"flags,omitzero"` // [] where the message has none
	InternalDate time.Time   `json:"internaldate,omitzero"`
	Size         Num         `json:"size,omitzero"` // RFC822.SIZE, octets
	ModSeq       uint64      `json:"modseq,omitempty"`
	Envelope     *Envelope   `json:"envelope,omitempty"`
	Structure    *Body       `json:"structure,omitempty"` // BODYSTRUCTURE, or BODY
	Content      []Content   `json:"content,omitempty"`   // BODY[...], BINARY[...], RFC822
	EmailID      string      `json:"emailid,omitempty"`
	ThreadID     *string     `json:"threadid,omitempty"`
	Preview      *string     `json:"preview,omitempty"`
	SaveDate     *time.Time  `json:"savedate,omitempty"`
	Gmail        *GmailData  `json:"gmail,omitempty"`
	Other        []Option    `json:"other,omitempty"`
}

// Content is the text of a section, or of a message: how long it is, and what
// its header says where it begins with one.
type Content struct {
	Section
	Size   Num       `json:"size,omitzero"` // octets; absent: NIL
	Header *Headline `json:"header,omitempty"`
}

// fetchData reads msg-att behind "n FETCH".
func (c *cursor) fetchData(number uint32, uid bool) *FetchData {
	d := &FetchData{Seq: number}
	if uid {
		d.Seq, d.UID = 0, number
	}
	outer := c.enter("msg-att")
	defer c.leave(outer)
	c.sp()
	if !c.open() {
		return d
	}
	if c.peek() == ')' {
		c.defect("msg-att-dynamic or msg-att-static", "")
	}
	for c.next() {
		c.fetchDatum(d)
	}
	return d
}

// fetchDatum reads one item and its value. Items in parentheses of their own
// are a known defect.
func (c *cursor) fetchDatum(d *FetchData) {
	if c.peek() == '(' {
		c.defect("msg-att-dynamic or msg-att-static", "a list in the list")
		c.list(func() { c.fetchDatum(d) })
		return
	}
	name := c.itemName()
	if p := c.peek(); p == '[' && !(name == "ANNOTATION") {
		c.content(d, name)
		return
	}
	if c.peek() == '(' {
		c.defect("SP", "")
	} else {
		c.sp()
	}
	switch name {
	case "FLAGS":
		if flags := c.flagList(false); !c.stopped || len(flags) > 0 {
			d.Flags = flags
		}
	case "UID":
		d.UID = c.nzNumber()
	case "RFC822.SIZE":
		d.Size = c.num()
	case "MODSEQ":
		c.expect('(')
		d.ModSeq = c.number64()
		c.expect(')')
	case "INTERNALDATE":
		c.internalDate(d)
	case "ENVELOPE":
		d.Envelope = c.envelope()
	case "BODY", "BODYSTRUCTURE":
		d.Structure = c.body(name == "BODYSTRUCTURE")
	case "RFC822", "RFC822.HEADER", "RFC822.TEXT":
		c.contentValue(d, Section{Item: name})
	default:
		c.rareDatum(d, name)
	}
}

// internalDate reads a date-time. NIL is a known defect.
func (c *cursor) internalDate(d *FetchData) {
	if c.atNIL() {
		c.defect("date-time", "NIL")
		return
	}
	d.InternalDate = c.dateTime()
}

// rareDatum reads the items of extensions.
func (c *cursor) rareDatum(d *FetchData, name string) {
	switch name {
	case "EMAILID":
		d.EmailID = c.objectID()
	case "THREADID", "PREVIEW", "SAVEDATE", "X-SAVEDATE":
		if c.atNIL() {
			d.Other = append(d.Other, Option{name, &Node{Kind: KindNIL}})
			return
		}
		c.nilableDatum(d, name)
	case "X-GM-MSGID", "X-GM-THRID", "X-GM-LABELS":
		c.gmailDatum(d, name)
	default:
		n := c.node()
		d.Other = append(d.Other, Option{name, &n})
	}
}

// nilableDatum reads what may be NIL, and is not.
func (c *cursor) nilableDatum(d *FetchData, name string) {
	switch name {
	case "THREADID":
		id := c.objectID()
		d.ThreadID = &id
	case "PREVIEW":
		c.preview(d)
	default:
		if t := c.dateTime(); !t.IsZero() {
			d.SaveDate = &t
		}
	}
}

// preview reads the first words. With the algorithm's name in a list, as a
// draft before RFC 8970 had it, is a known defect.
func (c *cursor) preview(d *FetchData) {
	if c.peek() != '(' {
		d.Preview = c.optional()
		return
	}
	c.defect("string or NIL", "")
	c.pos++
	c.atom()
	c.sp()
	d.Preview = c.optional()
	c.expect(')')
}

// content reads section ["<" number ">"] SP nstring behind name.
func (c *cursor) content(d *FetchData, name string) {
	begin := c.pos
	s := c.section(name)
	switch name {
	case "BODY", "BINARY":
		c.givenPartial(&s)
		c.sp()
		c.contentValue(d, s)
	case "BINARY.SIZE":
		c.sp()
		d.Content = append(d.Content, Content{Section: s, Size: c.num()})
	case "BODYPARTSTRUCTURE":
		c.sp()
		n := c.node()
		d.Other = append(d.Other, Option{name + "[" + s.Part + "]", &n})
	default:
		c.defectAt(begin, "SP", "")
		c.givenPartial(&s)
		c.sp()
		c.contentValue(d, s)
	}
}

// contentValue reads an nstring, or a literal8, of which the size counts.
func (c *cursor) contentValue(d *FetchData, s Section) {
	outer := c.enter("nstring")
	defer c.leave(outer)
	content := Content{Section: s}
	head, n, ok := c.sized()
	if c.stopped {
		return
	}
	content.Size = Num{uint64(n), ok}
	if s.hasHeader() {
		content.Header = headline(head)
	}
	d.Content = append(d.Content, content)
}
