package syntax

import "github.com/emersion/go-imap/v2"

// FindArgs is FIND MAILBOXES, FIND ALL.MAILBOXES and FIND BBOARDS, before LIST
// and LSUB: RFC 1730 §A.6.3, RFC 1176.
type FindArgs struct {
	What    string  `json:"what"` // MAILBOXES: the subscribed ones
	Pattern Mailbox `json:"pattern"`
}

func (c *cursor) findArgs() any {
	a := &FindArgs{}
	c.sp()
	begin := c.pos
	switch a.What = c.name(); a.What {
	case "MAILBOXES", "ALL.MAILBOXES", "BBOARDS", "ALL.BBOARDS":
	default:
		c.defectAt(begin, `"MAILBOXES" or "ALL.MAILBOXES"`, "")
	}
	c.sp()
	a.Pattern = c.listMailbox()
	return a
}

// ScanArgs is SCAN: LIST of mailboxes that have a text in them. It was never
// more than a draft.
type ScanArgs struct {
	Reference string  `json:"reference"`
	Pattern   Mailbox `json:"pattern"`
	Text      string  `json:"text"`
}

func (c *cursor) scanArgs() any {
	a := &ScanArgs{}
	c.sp()
	a.Reference = c.mailbox().Name
	c.sp()
	a.Pattern = c.listMailbox()
	c.sp()
	a.Text = c.astring()
	return a
}

// PartialArgs is PARTIAL, before FETCH could ask for a part of a text: RFC 1730
// §6.4.6. Its first octet is 1.
type PartialArgs struct {
	Set    NumSet    `json:"set"`
	Item   FetchItem `json:"item"`
	First  Num       `json:"first"`
	Length Num       `json:"length"` // octets
}

func (c *cursor) partialArgs() any {
	a := &PartialArgs{}
	c.sp()
	n := c.nzNumber()
	a.Set.Ranges = []imap.SeqRange{{Start: n, Stop: n}}
	c.sp()
	a.Item = c.fetchItem()
	c.sp()
	a.First = c.num()
	c.sp()
	a.Length = c.num()
	return a
}

// MailboxData is MAILBOX data, the answer to FIND: RFC 1730 §A.7.2.
type MailboxData struct {
	Mailbox Mailbox `json:"mailbox"`
}

func (c *cursor) mailboxData() any {
	c.sp()
	return &MailboxData{c.mailbox()}
}
