package syntax

import "strings"

// Envelope is a message's header as the server read it: RFC 9051 §7.5.2.
// Texts are as on the wire: DecodeHeader gives them for people. NIL is "".
type Envelope struct {
	Date      string    `json:"date,omitempty"`
	Subject   string    `json:"subject,omitempty"`
	From      []Address `json:"from,omitempty"`
	Sender    []Address `json:"sender,omitempty"`
	ReplyTo   []Address `json:"reply_to,omitempty"`
	To        []Address `json:"to,omitempty"`
	Cc        []Address `json:"cc,omitempty"`
	Bcc       []Address `json:"bcc,omitempty"`
	InReplyTo string    `json:"in_reply_to,omitempty"`
	MessageID string    `json:"message_id,omitempty"`
}

// Address is one address. In a group the first has a Mailbox only, the
// group's name, and the last has nothing.
type Address struct {
	Name    string `json:"name,omitempty"`
	Route   string `json:"route,omitempty"` // at-domain-list: obsolete
	Mailbox string `json:"mailbox,omitempty"`
	Host    string `json:"host,omitempty"`
}

// String is the address for people: the name decoded, else mailbox@host.
func (a Address) String() string {
	switch {
	case a.Name != "":
		return DecodeHeader(strings.Trim(a.Name, `"`))
	case a.Host != "":
		return a.Mailbox + "@" + a.Host
	}
	return a.Mailbox
}

func (c *cursor) envelope() *Envelope {
	outer := c.enter("envelope")
	defer c.leave(outer)
	e := &Envelope{}
	if c.atNIL() {
		c.defect(`"("`, "NIL")
		return nil
	}
	if !c.open() {
		return e
	}
	e.Date = c.nstringOrEmpty()
	c.sp()
	e.Subject = c.nstringOrEmpty()
	for _, list := range []*[]Address{&e.From, &e.Sender, &e.ReplyTo, &e.To, &e.Cc, &e.Bcc} {
		c.sp()
		*list = c.addresses()
	}
	c.sp()
	e.InReplyTo = c.nstringOrEmpty()
	c.sp()
	e.MessageID = c.nstringOrEmpty()
	c.noSP()
	if c.expect(')') {
		c.depth--
	}
	return e
}

// addresses reads "(" 1*address ")" or NIL. An empty list, an empty string,
// NIL among the addresses and spaces between them are known defects.
func (c *cursor) addresses() (list []Address) {
	outer := c.enter("address")
	defer c.leave(outer)
	if c.atNIL() {
		return nil
	}
	if c.peek() == '"' && c.peekAt(1) == '"' {
		c.defect(`"(" or NIL`, "")
		c.pos += 2
		return nil
	}
	c.expect('(')
	for !c.atEnd() && c.peek() != ')' {
		if c.atNIL() {
			c.defect(`"("`, "NIL")
		} else {
			list = append(list, c.address())
		}
		c.noSP()
	}
	if len(list) == 0 {
		c.defect("address", "")
	}
	c.expect(')')
	return list
}

func (c *cursor) address() (a Address) {
	c.expect('(')
	a.Name = c.nstringOrEmpty()
	c.sp()
	a.Route = c.nstringOrEmpty()
	c.sp()
	a.Mailbox = c.nstringOrEmpty()
	c.sp()
	a.Host = c.nstringOrEmpty()
	c.expect(')')
	return a
}
